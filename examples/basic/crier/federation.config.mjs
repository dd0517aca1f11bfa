// What this remote exposes, and what it is ready to share.
import { share, withNativeFederation } from '@softarc/native-federation/config';

// As in the other remotes, and `react-dom/server.browser` besides: with it this component is rendered on the
// server. It needs nothing of Node, which its siblings do.
const react = {
  singleton: true,
  strictVersion: true,
  requiredVersion: '^19.0.0',
  includeSecondaries: {
    keepAll: true,
    skip: ['react/compiler-runtime', 'react/jsx-dev-runtime', 'react-dom/server', 'react-dom/server.bun', 'react-dom/server.edge', 'react-dom/server.node', 'react-dom/static*', 'react-dom/profiling', 'react-dom/test-utils'],
  },
};

export default withNativeFederation({
  name: 'team/crier',
  exposes: { './News': './src/News.tsx' },
  shared: share({ react, 'react-dom': react }),
  features: { integrityHashes: true },
});

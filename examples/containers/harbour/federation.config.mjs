// What this remote exposes, and what it is ready to share.
import { share, withNativeFederation } from '@softarc/native-federation/config';

// One React for the whole page, for containers too. Every entrypoint is named here, because the toolchain's search
// for secondaries would also publish the server's and the profiler's, and `keepAll` holds on to `react/jsx-runtime`:
// only compiled code imports it, so it looks unused.
const react = {
  singleton: true,
  strictVersion: true,
  requiredVersion: '^19.0.0',
  includeSecondaries: {
    keepAll: true,
    skip: ['react/compiler-runtime', 'react/jsx-dev-runtime', 'react-dom/server*', 'react-dom/static*', 'react-dom/profiling', 'react-dom/test-utils'],
  },
};

export default withNativeFederation({
  name: 'harbour',
  exposes: { './Quay': './src/Quay.tsx' },
  shared: share({ react, 'react-dom': react }),
  features: { integrityHashes: true },
});

// What this remote exposes; it shares nothing.
import { withNativeFederation } from '@softarc/native-federation/config';

export default withNativeFederation({
  name: 'guest/minstrel',
  exposes: { './Ballad': './src/ballad.ts' },
  shared: {},
  features: { integrityHashes: true },
});

// An application of pages that is also a remote: its server's container lies under /_next/static/ssr.
const { NextFederationPlugin } = require('@module-federation/nextjs-mf');

module.exports = {
  distDir: 'dist',
  eslint: { ignoreDuringBuilds: true },
  webpack(config, { isServer }) {
    config.plugins.push(
      new NextFederationPlugin({
        name: 'guild',
        filename: 'static/chunks/remoteEntry.js',
        exposes: {
          './Seal': './components/Seal.js',
          './Notice': './components/Notice.js',
          './Poster': './components/Poster.js',
          './Way': './components/Way.js',
        },
        shared: {},
        extraOptions: { exposePages: true },
      }),
    );
    return config;
  },
};

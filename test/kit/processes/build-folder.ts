// The folder of the compiled gateway: test/kit/processes/compiled-gateway.mjs puts the path here.

export const BUILD_FOLDER = '__BUILD_FOLDER__';

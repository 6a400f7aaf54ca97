#!/usr/bin/env bash
# Builds what @confluentinc/kafka-javascript runs on, for places where the binary that comes with it cannot be downloaded: from the sources in
# the package itself, with a C++ compiler, make, Python and the headers of Node.js, OpenSSL and zlib, in some minutes.
#   workbench/src/test/node/build-librdkafka.sh FOLDER, in which npm has installed the package
set -euo pipefail
folder=$(cd "${1:?the folder with node_modules}" && pwd)
package=$folder/node_modules/@confluentinc/kafka-javascript
library=$folder/librdkafka
cd "$package/deps/librdkafka"
./configure --prefix="$library" --disable-gssapi --disable-sasl --disable-curl --disable-zstd --disable-lz4-ext
make -j2 libs
make -C src install
make -C src-cpp install
cd "$package"
node=$(dirname "$(dirname "$(realpath "$(command -v node)")")")
[ ! -e "$node/include/node/node.h" ] || export npm_config_nodedir=$node # otherwise the headers are downloaded
export BUILD_LIBRDKAFKA=0 CPATH="$library/include:$library/include/librdkafka" LIBRARY_PATH="$library/lib"
export LDFLAGS="-L$library/lib -Wl,-rpath,$library/lib"
"$folder/node_modules/.bin/node-pre-gyp" rebuild --build-from-source

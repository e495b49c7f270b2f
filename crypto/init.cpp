#include "crypto/init.h"

#include <openssl/crypto.h>
#include <sodium.h>

#include "crypto/openssl_heap.h"

namespace secretfs {
namespace {

Status Initialize() {
  if (!crypto::InstallOpenSslHeap()) {
    return Error{Code::kResource, "OpenSSL was used before its memory could be locked", "",
                 "call InitCrypto() first in main()"};
  }
  // No configuration file: what this process computes does not depend on /etc. No exit handler:
  // threads may still decrypt while the process exits.
  if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT, nullptr) != 1) {
    return Error{Code::kResource, "OpenSSL cannot start", "", ""};
  }
  if (sodium_init() < 0) return Error{Code::kResource, "libsodium cannot start", "", ""};
  return Ok{};
}

}  // namespace

Status InitCrypto() {
  static const Status status = Initialize();
  return status;
}

}  // namespace secretfs

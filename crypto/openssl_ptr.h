// Owners of OpenSSL objects, and what stands around its calls. What the objects hold lies in secret
// memory once InitCrypto() ran.
#pragma once

#include <openssl/bn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/x509.h>

#include <memory>

#include "base/result.h"
#include "crypto/openssl_heap.h"

namespace secretfs::crypto {

template <auto kFree>
struct OpenSslFree {
  template <class T>
  void operator()(T* object) const noexcept {
    kFree(object);
  }
};

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, OpenSslFree<EVP_CIPHER_CTX_free>>;
using PrivateKey = std::unique_ptr<EVP_PKEY, OpenSslFree<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, OpenSslFree<EVP_PKEY_CTX_free>>;
using Pkcs8Info = std::unique_ptr<PKCS8_PRIV_KEY_INFO, OpenSslFree<PKCS8_PRIV_KEY_INFO_free>>;
using BigNumber = std::unique_ptr<BIGNUM, OpenSslFree<BN_clear_free>>;
using BigNumberContext = std::unique_ptr<BN_CTX, OpenSslFree<BN_CTX_free>>;
using ParamBuilder = std::unique_ptr<OSSL_PARAM_BLD, OpenSslFree<OSSL_PARAM_BLD_free>>;
using Params = std::unique_ptr<OSSL_PARAM, OpenSslFree<OSSL_PARAM_free>>;

/// Stands around calls of OpenSSL in one function; may be nested. Leaves the error queue of the
/// thread empty, since a later call would report its entries as its own.
class OpenSslCalls {
 public:
  OpenSslCalls() noexcept : before_(UnlockedAllocations()) {}
  OpenSslCalls(const OpenSslCalls&) = delete;
  OpenSslCalls& operator=(const OpenSslCalls&) = delete;
  ~OpenSslCalls() { ERR_clear_error(); }

  /// To be asked before a result is used and before a failure is explained. Errors: kResource when
  /// the calls ran out of locked memory.
  [[nodiscard]] Status CheckMemory() const {
    if (UnlockedAllocations() == before_) return Ok{};
    return NoMemory();
  }
  [[nodiscard]] static Error NoMemory() {
    if (MayBeHadLater()) return {Code::kResource, "no memory for OpenSSL", "", "", true};
    return {Code::kResource, "not enough locked memory for OpenSSL", "",
            "raise the limit on locked memory: LimitMEMLOCK= in the unit, or `ulimit -l`"};
  }

 private:
  uint64_t before_;
};

}  // namespace secretfs::crypto

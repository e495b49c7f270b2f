// Owners of OpenSSL objects. What they hold lies in secret memory once InitCrypto() ran.
#pragma once

#include <openssl/bn.h>
#include <openssl/evp.h>

#include <memory>

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
using BigNumber = std::unique_ptr<BIGNUM, OpenSslFree<BN_clear_free>>;
using BigNumberContext = std::unique_ptr<BN_CTX, OpenSslFree<BN_CTX_free>>;

}  // namespace secretfs::crypto

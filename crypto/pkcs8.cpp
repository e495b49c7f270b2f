#include "crypto/pkcs8.h"

#include <openssl/objects.h>
#include <openssl/pkcs12.h>

#include <cstdint>
#include <utility>

namespace secretfs::age {
namespace {

using crypto::OpenSslFree;

constexpr uint64_t kMostScryptPasses = 16;  // OpenSSL bounds the memory, and so the time, of one

using Pbes1 = std::unique_ptr<PBEPARAM, OpenSslFree<PBEPARAM_free>>;
using Pbes2 = std::unique_ptr<PBE2PARAM, OpenSslFree<PBE2PARAM_free>>;
using Pbkdf2 = std::unique_ptr<PBKDF2PARAM, OpenSslFree<PBKDF2PARAM_free>>;
using Scrypt = std::unique_ptr<SCRYPT_PARAMS, OpenSslFree<SCRYPT_PARAMS_free>>;

Error Damaged() { return {Code::kInvalid, "the key is damaged", "", ""}; }

Error Unsupported() {
  return {Code::kUnsupported, "an SSH key under a cipher that is not known", "",
          "encrypt it again: `openssl pkcs8 -topk8 -v2 aes256`, or `ssh-keygen -p -f`"};
}

/// The parameters of an algorithm, or null.
template <class Owner>
Owner Parameters(const X509_ALGOR* algorithm, const ASN1_ITEM* item) {
  const void* value = nullptr;
  int type = V_ASN1_UNDEF;
  X509_ALGOR_get0(nullptr, &type, &value, algorithm);
  if (type != V_ASN1_SEQUENCE) return nullptr;
  return Owner(static_cast<typename Owner::pointer>(
      ASN1_item_unpack(static_cast<const ASN1_STRING*>(value), item)));
}

int AlgorithmOf(const X509_ALGOR* algorithm) {
  const ASN1_OBJECT* object = nullptr;
  X509_ALGOR_get0(&object, nullptr, nullptr, algorithm);
  return OBJ_obj2nid(object);
}

Status CheckCount(const ASN1_INTEGER* number, uint64_t most) {
  uint64_t count = 0;
  if (number != nullptr && ASN1_INTEGER_get_uint64(&count, number) == 1 && count <= most) {
    return Ok{};
  }
  return Error{Code::kTooLarge, "the SSH key's passphrase takes more work than is allowed", "",
               "encrypt it again: `openssl pkcs8 -topk8`, or `ssh-keygen -p -f`"};
}

/// PBES2 (RFC 8018, section 6.2), whose key is derived by an algorithm of its own.
Status CheckPbes2(const X509_ALGOR* algorithm, uint64_t max_iterations) {
  const auto parameters = Parameters<Pbes2>(algorithm, ASN1_ITEM_rptr(PBE2PARAM));
  if (parameters == nullptr) return Damaged();
  const X509_ALGOR* derivation = parameters->keyfunc;
  if (AlgorithmOf(derivation) == NID_id_pbkdf2) {
    const auto pbkdf2 = Parameters<Pbkdf2>(derivation, ASN1_ITEM_rptr(PBKDF2PARAM));
    return pbkdf2 == nullptr ? Damaged() : CheckCount(pbkdf2->iter, max_iterations);
  }
  if (AlgorithmOf(derivation) == NID_id_scrypt) {
    const auto scrypt = Parameters<Scrypt>(derivation, ASN1_ITEM_rptr(SCRYPT_PARAMS));
    return scrypt == nullptr ? Damaged()
                             : CheckCount(scrypt->parallelizationParameter, kMostScryptPasses);
  }
  return Unsupported();
}

Status CheckWork(const X509_ALGOR* algorithm, uint64_t max_iterations) {
  const int kind = AlgorithmOf(algorithm);
  if (kind == NID_pbes2) return CheckPbes2(algorithm, max_iterations);
  // PKCS#5 version 1 and PKCS#12 have the same parameters.
  if (EVP_PBE_find(EVP_PBE_TYPE_OUTER, kind, nullptr, nullptr, nullptr) != 1) return Unsupported();
  const auto parameters = Parameters<Pbes1>(algorithm, ASN1_ITEM_rptr(PBEPARAM));
  return parameters == nullptr ? Damaged() : CheckCount(parameters->iter, max_iterations);
}

}  // namespace

Result<LockedPkcs8> LockedPkcs8::Parse(ByteView der, uint64_t max_iterations) {
  const crypto::OpenSslCalls calls;
  const unsigned char* at = AsUnsigned(der);
  Sealed sealed(d2i_X509_SIG(nullptr, &at, static_cast<long>(der.size())));
  TRY(calls.CheckMemory());
  if (sealed == nullptr || at != AsUnsigned(der) + der.size()) return Damaged();
  const X509_ALGOR* algorithm = nullptr;
  X509_SIG_get0(sealed.get(), &algorithm, nullptr);
  auto checked = CheckWork(algorithm, max_iterations);
  TRY(calls.CheckMemory());
  if (!checked) return std::move(checked).error();
  return LockedPkcs8(std::move(sealed));
}

Result<crypto::Pkcs8Info> LockedPkcs8::Decrypt(ByteView passphrase) const {
  const crypto::OpenSslCalls calls;
  crypto::Pkcs8Info info(
      PKCS8_decrypt(sealed_.get(), AsText(passphrase).data(), static_cast<int>(passphrase.size())));
  TRY(calls.CheckMemory());
  if (info != nullptr) return info;
  const unsigned long reason = ERR_peek_error();
  if (ERR_GET_REASON(reason) == ERR_R_UNSUPPORTED ||
      ERR_GET_REASON(reason) == EVP_R_UNKNOWN_CIPHER) {
    return Unsupported();
  }
  return Error{Code::kNoMatch, "wrong passphrase", "", ""};
}

}  // namespace secretfs::age

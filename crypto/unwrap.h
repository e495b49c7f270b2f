// What the identities share: checks of a stanza of their own type, which fail hard (kHeader), the
// Diffie-Hellman step, and opening the wrapped file key.
#pragma once

#include "base/secret_bytes.h"
#include "crypto/identity.h"
#include "crypto/stanza.h"

namespace secretfs::age {

inline constexpr size_t kX25519Bytes = 32;

/// kHeader: "the TYPE stanza: what".
Error StanzaError(const Stanza& stanza, std::string_view what);

/// kNoMatch: the stanza is of this identity's type, but not its own.
Error OtherKey(const Stanza& stanza);

/// Errors: kHeader.
Status RequireArguments(const Stanza& stanza, size_t count);

/// The argument decoded from base64. Errors: kHeader unless it is canonical and of `size` bytes.
Result<Bytes> DecodeArgument(const Stanza& stanza, size_t index, size_t size);

/// X25519(scalar, point). Errors: kHeader when the result is zero: a point of low order.
Result<SecretBytes> SharedSecret(const Stanza& stanza, ByteView scalar, ByteView point);

/// Checks that the body is 32 bytes, a file key and its tag: a longer one would let an attacker
/// test many keys at once. Errors: kHeader.
Status RequireFileKeyBody(const Stanza& stanza);

/// Opens a body of ChaCha20-Poly1305(wrap_key, zero nonce, file key). Errors: kHeader as above,
/// kNoMatch for a wrong tag, kResource.
Result<SecretBytes> OpenFileKey(const Stanza& stanza, const SecretBytes& wrap_key);

/// The file key of the first stanza of `type` that `unwrap` (Stanza -> Result<SecretBytes>) opens;
/// an error other than kNoMatch ends the search. Errors: those, and kNoMatch with the last reason.
template <class UnwrapOne>
Result<SecretBytes> UnwrapFirst(std::span<const Stanza> stanzas, std::string_view type,
                                const UnwrapOne& unwrap) {
  Error reason{Code::kNoMatch, "the file has no " + std::string(type) + " stanza", "", ""};
  for (const Stanza& stanza : stanzas) {
    if (stanza.type != type) continue;
    Result<SecretBytes> file_key = unwrap(stanza);
    if (file_key || file_key.error().code != Code::kNoMatch) return file_key;
    reason = std::move(file_key).error();
  }
  return reason;
}

}  // namespace secretfs::age

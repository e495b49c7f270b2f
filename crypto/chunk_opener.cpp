#include "crypto/chunk_opener.h"

#include <algorithm>
#include <array>

#include "crypto/init.h"

namespace secretfs::age {

Result<ChunkOpener> ChunkOpener::Make(const SecretBytes& payload_key) {
  TRY(InitCrypto());
  const crypto::OpenSslCalls calls;
  const EVP_CIPHER* cipher = ChaCha20Poly1305();
  crypto::CipherContext context(EVP_CIPHER_CTX_new());
  const bool ready = cipher != nullptr && context != nullptr &&
                     EVP_DecryptInit_ex2(context.get(), cipher, AsUnsigned(payload_key.Expose()),
                                         nullptr, nullptr) == 1;
  TRY(calls.CheckMemory());
  if (!ready) return calls.NoMemory();
  return ChunkOpener(std::move(context));
}

bool ChunkOpener::Open(uint64_t number, ChunkFlag flag, ByteView sealed, ByteSpan plain) {
  const ByteView text = sealed.first(sealed.size() - kChunkTagBytes);
  std::array<std::byte, kChunkTagBytes> tag;
  std::ranges::copy(sealed.last(kChunkTagBytes), tag.begin());
  const StreamNonce nonce = StreamNonceOf(number, flag);
  const crypto::OpenSslCalls calls;
  EVP_CIPHER_CTX* context = context_.get();
  int written = 0;
  int written_last = 0;
  const bool verified =
      EVP_DecryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(tag.size()),
                          tag.data()) == 1 &&
      EVP_DecryptUpdate(context, AsUnsigned(plain), &written, AsUnsigned(text),
                        static_cast<int>(text.size())) == 1 &&
      EVP_DecryptFinal_ex(context, AsUnsigned(plain.subspan(static_cast<size_t>(written))),
                          &written_last) == 1;
  if (!verified) Wipe(plain.first(text.size()));
  return verified;
}

}  // namespace secretfs::age

#include "crypto/stream_writer.h"

#include <algorithm>
#include <cstring>

#include "crypto/init.h"

namespace secretfs::age {
namespace {

void CopyTo(ByteSpan into, ByteView from) {
  if (!from.empty()) std::memcpy(into.data(), from.data(), from.size());
}

}  // namespace

Result<StreamWriter> StreamWriter::Make(ByteSink& out, const SecretBytes& payload_key) {
  TRY(InitCrypto());
  const crypto::OpenSslCalls calls;
  const EVP_CIPHER* cipher = ChaCha20Poly1305();
  crypto::CipherContext context(EVP_CIPHER_CTX_new());
  const bool ready = cipher != nullptr && context != nullptr &&
                     EVP_EncryptInit_ex2(context.get(), cipher, AsUnsigned(payload_key.Expose()),
                                         nullptr, nullptr) == 1;
  TRY(calls.CheckMemory());
  if (!ready) return calls.NoMemory();
  return StreamWriter(out, std::move(context));
}

Status StreamWriter::Write(ByteView plaintext) {
  if (failure_) return *failure_;
  auto taken = Take(plaintext);
  if (!taken) failure_ = taken.error();
  return taken;
}

Status StreamWriter::Finish() {
  if (failure_) return *failure_;
  auto sealed = SealChunk(pending_.bytes().first(pending_size_), ChunkFlag::kFinal);
  failure_ =
      sealed ? Error{Code::kInvalid, "the payload has been finished", "", ""} : sealed.error();
  return sealed;
}

/// What is whole chunks is sealed where it lies; at least a byte is kept, since the last chunk is
/// not empty.
Status StreamWriter::Take(ByteView plaintext) {
  if (pending_size_ > 0) {
    const size_t count = std::min(kChunkBytes - pending_size_, plaintext.size());
    TRY(Keep(plaintext.first(count)));
    plaintext = plaintext.subspan(count);
    if (plaintext.empty()) return Ok{};
    TRY(SealChunk(pending_.bytes().first(pending_size_), ChunkFlag::kMore));
    pending_size_ = 0;
  }
  while (plaintext.size() > kChunkBytes) {
    TRY(SealChunk(plaintext.first(kChunkBytes), ChunkFlag::kMore));
    plaintext = plaintext.subspan(kChunkBytes);
  }
  return Keep(plaintext);
}

/// The buffer grows with its content: most secrets are small.
Status StreamWriter::Keep(ByteView plaintext) {
  const size_t needed = pending_size_ + plaintext.size();
  if (needed > pending_.bytes().size()) {
    auto larger = TRY(crypto::LockedBuffer::Make(std::min(kChunkBytes, 2 * needed)));
    CopyTo(larger.bytes(), pending_.bytes().first(pending_size_));
    pending_ = std::move(larger);
  }
  CopyTo(pending_.bytes().subspan(pending_size_), plaintext);
  pending_size_ = needed;
  return Ok{};
}

Status StreamWriter::SealChunk(ByteView plaintext, ChunkFlag flag) {
  sealed_.resize(plaintext.size() + kChunkTagBytes);
  const crypto::OpenSslCalls calls;
  const bool encrypted = EncryptInto(sealed_, plaintext, flag);
  TRY(calls.CheckMemory());
  if (!encrypted) return calls.NoMemory();
  ++counter_;
  return out_->Write(sealed_);
}

bool StreamWriter::EncryptInto(ByteSpan sealed, ByteView plaintext, ChunkFlag flag) {
  const StreamNonce nonce = StreamNonceOf(counter_, flag);
  const ByteSpan tag = sealed.last(kChunkTagBytes);
  EVP_CIPHER_CTX* context = context_.get();
  int written = 0;
  int written_last = 0;
  if (EVP_EncryptInit_ex2(context, nullptr, nullptr, nonce.data(), nullptr) != 1) return false;
  // OpenSSL is not asked to encrypt nothing: it gives a null input another meaning.
  if (!plaintext.empty() &&
      EVP_EncryptUpdate(context, AsUnsigned(sealed), &written, AsUnsigned(plaintext),
                        static_cast<int>(plaintext.size())) != 1) {
    return false;
  }
  return EVP_EncryptFinal_ex(context, AsUnsigned(sealed.subspan(static_cast<size_t>(written))),
                             &written_last) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(tag.size()),
                             tag.data()) == 1;
}

}  // namespace secretfs::age

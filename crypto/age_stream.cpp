#include "crypto/age_stream.h"

#include <algorithm>
#include <array>

#include "crypto/init.h"

namespace secretfs::age {
namespace {

constexpr size_t kFirstRead = 4096;  // most secrets are small: no large buffers for them
constexpr size_t kReadAhead = kSealedChunkBytes + 1;

Error PayloadError(std::string what) { return {Code::kPayload, std::move(what), "", ""}; }

}  // namespace

Result<uint64_t> PlaintextSize(uint64_t payload_size) {
  const uint64_t chunks =
      payload_size / kSealedChunkBytes + (payload_size % kSealedChunkBytes == 0 ? 0 : 1);
  const uint64_t last = chunks == 0 ? 0 : payload_size - (chunks - 1) * kSealedChunkBytes;
  if (last < kChunkTagBytes || (last == kChunkTagBytes && chunks > 1)) {
    return PayloadError("the payload is truncated");
  }
  return payload_size - chunks * kChunkTagBytes;
}

Result<StreamReader> StreamReader::Make(ByteSource& in, const SecretBytes& payload_key) {
  TRY(InitCrypto());
  const crypto::OpenSslCalls calls;
  const EVP_CIPHER* cipher = ChaCha20Poly1305();
  crypto::CipherContext context(EVP_CIPHER_CTX_new());
  const bool ready = cipher != nullptr && context != nullptr &&
                     EVP_DecryptInit_ex2(context.get(), cipher, AsUnsigned(payload_key.Expose()),
                                         nullptr, nullptr) == 1;
  TRY(calls.CheckMemory());
  if (!ready) return calls.NoMemory();
  return StreamReader(in, std::move(context));
}

Result<ByteView> StreamReader::Next() {
  if (failure_) return *failure_;
  if (ended_) return ByteView{};
  auto chunk = Advance();
  if (!chunk) {
    plain_ = {};
    failure_ = chunk.error();
  }
  return chunk;
}

Result<ByteView> StreamReader::Advance() {
  TRY(FillSealed());
  const bool more = sealed_size_ > kSealedChunkBytes;
  const ByteView sealed = ByteView(sealed_).first(std::min(sealed_size_, kSealedChunkBytes));
  if (sealed.size() < kChunkTagBytes) return PayloadError("the payload is truncated");
  if (sealed.size() == kChunkTagBytes && counter_ > 0) {
    return PayloadError("the payload's last chunk is empty");
  }
  const ByteView plain = TRY(OpenChunk(sealed, more ? ChunkFlag::kMore : ChunkFlag::kFinal));
  ++counter_;
  ended_ = !more;
  return plain;
}

/// Reads the next chunk and one byte beyond it, straight from the source.
Status StreamReader::FillSealed() {
  if (sealed_.empty()) sealed_.resize(kFirstRead);
  size_t filled = 0;
  if (sealed_size_ > kSealedChunkBytes) {
    sealed_.front() = sealed_[kSealedChunkBytes];
    filled = 1;
  }
  filled += TRY(ReadFull(*in_, ByteSpan(sealed_).subspan(filled)));
  if (filled == sealed_.size() && filled < kReadAhead) {
    sealed_.resize(kReadAhead);
    filled += TRY(ReadFull(*in_, ByteSpan(sealed_).subspan(filled)));
  }
  sealed_size_ = filled;
  return Ok{};
}

/// `flag` is what the chunk should carry by its place in the file. A full chunk that carries the
/// other one is authentic too: it is given out, as age does, and the failure comes after it.
Result<ByteView> StreamReader::OpenChunk(ByteView sealed, ChunkFlag flag) {
  const size_t size = sealed.size() - kChunkTagBytes;
  const size_t needed = std::max<size_t>(size, 1);  // OpenSSL gives a null output another meaning
  if (plain_.bytes().size() < needed) plain_ = TRY(crypto::LockedBuffer::Make(needed));
  if (const auto plain = Decrypt(sealed, flag)) return *plain;
  if (sealed.size() == kSealedChunkBytes) {
    const ChunkFlag other = flag == ChunkFlag::kMore ? ChunkFlag::kFinal : ChunkFlag::kMore;
    if (const auto plain = Decrypt(sealed, other)) {
      failure_ =
          PayloadError(flag == ChunkFlag::kMore ? "there is data after the payload's last chunk"
                                                : "the payload is truncated after a whole chunk");
      return *plain;
    }
  }
  return PayloadError("chunk " + std::to_string(counter_ + 1) +
                      " of the payload is altered or truncated");
}

/// Nothing when the tag is wrong. OpenSSL writes plaintext before it checks the tag: that stays in
/// `plain_`, of which only a verified chunk is ever shown.
std::optional<ByteView> StreamReader::Decrypt(ByteView sealed, ChunkFlag flag) {
  const ByteView text = sealed.first(sealed.size() - kChunkTagBytes);
  const ByteSpan plain = plain_.bytes().first(text.size());
  std::array<std::byte, kChunkTagBytes> tag;
  std::ranges::copy(sealed.last(kChunkTagBytes), tag.begin());
  const StreamNonce nonce = StreamNonceOf(counter_, flag);
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
  if (verified) return plain;
  Wipe(plain);
  return std::nullopt;
}

}  // namespace secretfs::age

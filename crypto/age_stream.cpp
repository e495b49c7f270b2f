#include "crypto/age_stream.h"

#include <algorithm>

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
  ChunkOpener opener = TRY(ChunkOpener::Make(payload_key));
  return StreamReader(in, std::move(opener));
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
  const size_t needed = ChunkRoom(size);
  if (plain_.bytes().size() < needed) plain_ = TRY(crypto::LockedBuffer::Make(needed));
  const ByteView plain = plain_.bytes().first(size);
  if (opener_.Open(counter_, flag, sealed, plain_.bytes())) return plain;
  if (sealed.size() == kSealedChunkBytes) {
    const ChunkFlag other = flag == ChunkFlag::kMore ? ChunkFlag::kFinal : ChunkFlag::kMore;
    if (opener_.Open(counter_, other, sealed, plain_.bytes())) {
      failure_ =
          PayloadError(flag == ChunkFlag::kMore ? "there is data after the payload's last chunk"
                                                : "the payload is truncated after a whole chunk");
      return plain;
    }
  }
  return PayloadError("chunk " + std::to_string(counter_ + 1) +
                      " of the payload is altered or truncated");
}

}  // namespace secretfs::age

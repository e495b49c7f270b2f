#include "crypto/stream_writer.h"

#include "crypto/hkdf.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

SecretBytes PayloadKey() {
  return crypto::HkdfSha256(AsBytes(kTestFileKey), AsBytes(kTestNonce), AsBytes("payload")).value();
}

/// The payload of `plaintext`, written in pieces of `step` bytes.
std::string WritePayload(std::string_view plaintext, size_t step) {
  MemorySink sink;
  auto writer = StreamWriter::Make(sink, PayloadKey()).value();
  for (size_t at = 0; at < plaintext.size(); at += step) {
    EXPECT_TRUE(writer.Write(AsBytes(plaintext.substr(at, step))));
  }
  EXPECT_TRUE(writer.Finish());
  return std::string(AsText(sink.bytes()));
}

/// Fails from the `good`-th write on.
class FailingSink final : public ByteSink {
 public:
  explicit FailingSink(int good) : good_(good) {}
  Status Write(ByteView /*bytes*/) override {
    if (good_-- > 0) return Ok{};
    return Error{Code::kIo, "disk", "", ""};
  }

 private:
  int good_;
};

TEST(StreamWriter, WritesWhatLibsodiumWould) {
  for (const size_t size : {size_t{0}, size_t{1}, size_t{17}, kChunkBytes - 1, kChunkBytes,
                            kChunkBytes + 1, 2 * kChunkBytes, 3 * kChunkBytes + 5}) {
    const std::string plaintext = TestPlaintext(size);
    EXPECT_EQ(WritePayload(plaintext, std::max<size_t>(size, 1)), SealPayload(plaintext)) << size;
  }
}

TEST(StreamWriter, DoesNotDependOnThePieces) {
  const std::string plaintext = TestPlaintext(2 * kChunkBytes + 1);
  const std::string expected = SealPayload(plaintext);
  for (const size_t step :
       {size_t{999}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 2 * kChunkBytes}) {
    EXPECT_EQ(WritePayload(plaintext, step), expected) << step;
  }
}

TEST(StreamWriter, KeepsItsFailure) {
  FailingSink sink(1);
  auto writer = StreamWriter::Make(sink, PayloadKey()).value();
  const std::string plaintext = TestPlaintext(3 * kChunkBytes);
  EXPECT_EQ(FailureOf(writer.Write(AsBytes(plaintext))), Code::kIo);
  EXPECT_EQ(FailureOf(writer.Write(AsBytes("more"))), Code::kIo);
  EXPECT_EQ(FailureOf(writer.Finish()), Code::kIo);
}

TEST(StreamWriter, TakesNothingAfterTheEnd) {
  MemorySink sink;
  auto writer = StreamWriter::Make(sink, PayloadKey()).value();
  ASSERT_TRUE(writer.Finish());
  const Bytes finished = sink.bytes();
  EXPECT_EQ(FailureOf(writer.Write(AsBytes("more"))), Code::kInvalid);
  EXPECT_EQ(FailureOf(writer.Finish()), Code::kInvalid);
  EXPECT_EQ(sink.bytes(), finished);
}

}  // namespace
}  // namespace secretfs::age

#include "crypto/age_stream.h"

#include <openssl/err.h>

#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

StreamReader Reader(ByteSource& in) {
  const Bytes key = Derive(kTestFileKey, kTestNonce, "payload");
  return StreamReader::Make(in, SecretBytes::CopyOf(key).value()).value();
}

Outcome Open(std::string_view payload, size_t step = SIZE_MAX) {
  DribbleSource source(AsBytes(payload), step);
  StreamReader reader = Reader(source);
  Outcome outcome;
  while (true) {
    const auto chunk = reader.Next();
    if (!chunk) {
      outcome.error = chunk.error();
      EXPECT_EQ(FailureOf(reader.Next()), chunk.error().code);  // and again
      return outcome;
    }
    if (chunk->empty()) return outcome;
    outcome.plaintext += AsText(*chunk);
  }
}

TEST(AgeStream, GivesThePlaintextOfEverySizeAroundChunks) {
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, size_t{4079}, size_t{4080},
        size_t{4081}, size_t{4096}, size_t{16384}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1,
        2 * kChunkBytes - 1, 2 * kChunkBytes, 2 * kChunkBytes + 1, 5 * kChunkBytes + 77}) {
    const std::string plaintext = TestPlaintext(size);
    const std::string payload = SealPayload(plaintext);
    const Outcome outcome = Open(payload);
    EXPECT_FALSE(outcome.error) << size;
    EXPECT_TRUE(outcome.plaintext == plaintext) << size;
    EXPECT_EQ(PlaintextSize(payload.size()).value(), size);
  }
}

TEST(AgeStream, ReadsASourceThatGivesLittleAtATime) {
  const std::string plaintext = TestPlaintext(2 * kChunkBytes + 100);
  const Outcome outcome = Open(SealPayload(plaintext), 1009);
  EXPECT_FALSE(outcome.error);
  EXPECT_TRUE(outcome.plaintext == plaintext);
}

TEST(AgeStream, RejectsEveryAlteredByteOfASmallPayload) {
  const std::string payload = SealPayload("a small secret");
  for (size_t i = 0; i < payload.size(); ++i) {
    std::string altered = payload;
    altered[i] ^= 1;
    const Outcome outcome = Open(altered);
    EXPECT_EQ(FailureOf(outcome), Code::kPayload) << i;
    EXPECT_EQ(outcome.plaintext, "") << i;
  }
}

TEST(AgeStream, RejectsEveryTruncationOfASmallPayload) {
  const std::string payload = SealPayload("a small secret");
  for (size_t size = 0; size < payload.size(); ++size) {
    const Outcome outcome = Open(payload.substr(0, size));
    EXPECT_EQ(FailureOf(outcome), Code::kPayload) << size;
    EXPECT_EQ(outcome.plaintext, "") << size;
  }
}

TEST(AgeStream, ReleasesOnlyTheChunksBeforeAnAlteredOne) {
  const std::string plaintext = TestPlaintext(3 * kChunkBytes);
  std::string payload = SealPayload(plaintext);
  payload[kSealedChunkBytes + 5] ^= 1;
  const Outcome outcome = Open(payload);
  ASSERT_EQ(FailureOf(outcome), Code::kPayload);
  EXPECT_TRUE(outcome.plaintext == plaintext.substr(0, kChunkBytes));
  EXPECT_EQ(outcome.error->what, "chunk 2 of the payload is altered or truncated");
}

TEST(AgeStream, RejectsAFileCutAtAChunksEnd) {
  const std::string plaintext = TestPlaintext(3 * kChunkBytes);
  const std::string payload = SealPayload(plaintext);
  const Outcome outcome = Open(payload.substr(0, 2 * kSealedChunkBytes));
  ASSERT_EQ(FailureOf(outcome), Code::kPayload);
  EXPECT_TRUE(outcome.plaintext == plaintext.substr(0, 2 * kChunkBytes));
  EXPECT_EQ(outcome.error->what, "the payload is truncated after a whole chunk");
}

TEST(AgeStream, RejectsDataBehindTheLastChunk) {
  const std::string full = TestPlaintext(kChunkBytes);
  const Outcome after_full = Open(SealPayload(full) + "x");
  ASSERT_EQ(FailureOf(after_full), Code::kPayload);
  EXPECT_TRUE(after_full.plaintext == full);
  EXPECT_EQ(after_full.error->what, "there is data after the payload's last chunk");
  const Outcome after_short = Open(SealPayload("short") + "x");
  EXPECT_EQ(FailureOf(after_short), Code::kPayload);
  EXPECT_EQ(after_short.plaintext, "");
}

TEST(AgeStream, RejectsAnEmptyLastChunk) {
  const std::string full = TestPlaintext(kChunkBytes);
  const Outcome outcome = Open(SealChunk(full, 0, false) + SealChunk("", 1, true));
  ASSERT_EQ(FailureOf(outcome), Code::kPayload);
  EXPECT_TRUE(outcome.plaintext == full);
  EXPECT_EQ(outcome.error->what, "the payload's last chunk is empty");
}

TEST(AgeStream, RejectsChunksOutOfOrder) {
  const std::string a = TestPlaintext(kChunkBytes);
  const Outcome repeated =
      Open(SealChunk(a, 0, false) + SealChunk(a, 0, false) + SealChunk("b", 1, true));
  EXPECT_EQ(FailureOf(repeated), Code::kPayload);
  EXPECT_TRUE(repeated.plaintext == a);
  const Outcome swapped =
      Open(SealChunk(a, 1, false) + SealChunk(a, 0, false) + SealChunk("b", 2, true));
  EXPECT_EQ(FailureOf(swapped), Code::kPayload);
  EXPECT_EQ(swapped.plaintext, "");
}

TEST(AgeStream, RejectsAShortChunkThatIsNotFinal) {
  const Outcome outcome = Open(SealChunk("short", 0, false));
  EXPECT_EQ(FailureOf(outcome), Code::kPayload);
  EXPECT_EQ(outcome.plaintext, "");
}

TEST(AgeStream, CountsBeyondOneByte) {
  const std::string plaintext = TestPlaintext(257 * kChunkBytes + 3);
  const Outcome outcome = Open(SealPayload(plaintext));
  EXPECT_FALSE(outcome.error);
  EXPECT_TRUE(outcome.plaintext == plaintext);
}

TEST(AgeStream, PassesTheSourcesErrorOnAfterWholeChunks) {
  const std::string plaintext = TestPlaintext(2 * kChunkBytes);
  const std::string payload = SealPayload(plaintext);
  DribbleSource source(AsBytes(payload).first(kSealedChunkBytes + 10), SIZE_MAX, Code::kIo);
  StreamReader reader = Reader(source);
  EXPECT_TRUE(AsText(reader.Next().value()) == plaintext.substr(0, kChunkBytes));
  EXPECT_EQ(FailureOf(reader.Next()), Code::kIo);
  EXPECT_EQ(FailureOf(reader.Next()), Code::kIo);
}

TEST(AgeStream, GivesTheEndAgainAndAgain) {
  const std::string payload = SealPayload("secret");
  MemorySource source(AsBytes(payload));
  StreamReader reader = Reader(source);
  EXPECT_EQ(AsText(reader.Next().value()), "secret");
  EXPECT_TRUE(reader.Next()->empty());
  EXPECT_TRUE(reader.Next()->empty());
}

TEST(AgeStream, LeavesNothingInOpenSslsErrorQueue) {
  std::string payload = SealPayload("secret");
  payload[0] ^= 1;
  EXPECT_EQ(FailureOf(Open(payload)), Code::kPayload);
  EXPECT_EQ(ERR_peek_error(), 0UL);
}

TEST(AgeStream, SizesThatNoPayloadHasAreErrors) {
  for (const uint64_t size : {uint64_t{0}, uint64_t{15}, uint64_t{kSealedChunkBytes + 1},
                              uint64_t{kSealedChunkBytes + 16}}) {
    EXPECT_EQ(FailureOf(PlaintextSize(size)), Code::kPayload) << size;
  }
  EXPECT_EQ(PlaintextSize(uint64_t{1} << 50U).value(),
            (uint64_t{1} << 50U) - 16 * (((uint64_t{1} << 50U) + 65551) / 65552));
}

}  // namespace
}  // namespace secretfs::age

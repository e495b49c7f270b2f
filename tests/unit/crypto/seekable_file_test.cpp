#include "crypto/seekable_file.h"

#include <thread>

#include "base/secret_heap.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

/// A file that the test may change while it is open.
struct TestFile {
  std::string text;
  std::atomic<size_t> reads = 0;
  std::optional<Error> error;
};

class TestSource final : public SeekableSource {
 public:
  explicit TestSource(TestFile& file) : file_(file), size_(file.text.size()) {}
  [[nodiscard]] uint64_t size() const noexcept override { return size_; }
  Result<size_t> ReadAt(uint64_t offset, ByteSpan into) const override {
    ++file_.reads;
    if (file_.error) return *file_.error;
    if (offset >= file_.text.size()) return 0;
    const ByteView rest = AsBytes(file_.text).subspan(offset);
    const size_t count = std::min(rest.size(), into.size());
    std::copy_n(rest.begin(), count, into.begin());
    return count;
  }

 private:
  TestFile& file_;
  const uint64_t size_;
};

Result<std::unique_ptr<SeekableFile>> Open(TestFile& file) {
  const std::vector<IdentityPtr> identities{std::make_shared<FakeIdentity>(kTestFileKey)};
  return SeekableFile::Open(std::make_unique<TestSource>(file), identities);
}

std::string HeaderAndNonce() { return WriteHeader({GreaseStanza()}) + std::string(kTestNonce); }

/// A file with this payload behind its nonce.
TestFile WithPayload(const std::string& payload) { return {HeaderAndNonce() + payload, {}, {}}; }

Result<std::string> Read(const SeekableFile& file, uint64_t offset, size_t size) {
  std::string into(size, '?');
  const size_t count =
      TRY(file.ReadAt(offset, std::as_writable_bytes(std::span(into.data(), into.size()))));
  into.resize(count);
  return into;
}

/// Where a sealed chunk begins in a file of WithPayload().
size_t ChunkAt(size_t number) { return HeaderAndNonce().size() + number * kSealedChunkBytes; }

TEST(SeekableFile, TellsThePlaintextsSize) {
  for (const size_t size :
       {size_t{0}, size_t{1}, kChunkBytes - 1, kChunkBytes, kChunkBytes + 1, 2 * kChunkBytes - 1,
        2 * kChunkBytes, 2 * kChunkBytes + 1, 257 * kChunkBytes + 3}) {
    TestFile file = WithPayload(SealPayload(TestPlaintext(size)));
    const auto opened = Open(file);
    ASSERT_TRUE(opened) << size << " " << opened.error().Text();
    EXPECT_EQ((*opened)->size(), size);
  }
}

TEST(SeekableFile, IsIdentifiedByHeaderNonceAndSize) {
  TestFile file = WithPayload(SealPayload(TestPlaintext(10)));
  TestFile longer = WithPayload(SealPayload(TestPlaintext(11)));
  const Bytes identity = *(*Open(file))->Identify();
  EXPECT_EQ(AsText(identity).substr(0, identity.size() - 8), HeaderAndNonce());
  EXPECT_EQ(identity, *(*Open(file))->Identify());
  EXPECT_NE(identity, *(*Open(longer))->Identify());
  const auto opened = Open(file);
  file.text.resize(20);
  EXPECT_EQ((*opened)->Identify().error().code, Code::kPayload);
}

TEST(SeekableFile, ReadsEveryPartAroundChunks) {
  const std::vector<size_t> edges{0,
                                  1,
                                  kChunkBytes - 1,
                                  kChunkBytes,
                                  kChunkBytes + 1,
                                  2 * kChunkBytes - 1,
                                  2 * kChunkBytes,
                                  2 * kChunkBytes + 1,
                                  3 * kChunkBytes - 1,
                                  3 * kChunkBytes,
                                  3 * kChunkBytes + 1,
                                  4 * kChunkBytes + 1000};
  for (const size_t size : {kChunkBytes, 3 * kChunkBytes, 3 * kChunkBytes + 1, size_t{1}}) {
    const std::string plaintext = TestPlaintext(size);
    TestFile file = WithPayload(SealPayload(plaintext));
    const auto opened = Open(file).value();
    for (const size_t from : edges) {
      for (const size_t to : edges) {
        if (from > to) continue;
        const std::string want = from < size ? plaintext.substr(from, to - from) : "";
        EXPECT_TRUE(Read(*opened, from, to - from).value() == want)
            << size << " " << from << " " << to;
      }
    }
    EXPECT_EQ(Read(*opened, UINT64_MAX, 10).value(), "");
    EXPECT_TRUE(Read(*opened, 0, size + 4 * kChunkBytes).value() == plaintext);
  }
}

TEST(SeekableFile, ReadsByAnyStepWithoutDecryptingTwice) {
  const std::string plaintext = TestPlaintext(5 * kChunkBytes + 77);
  TestFile file = WithPayload(SealPayload(plaintext));
  for (const size_t step : {size_t{1000}, size_t{4096}, size_t{65536}, size_t{100'000}}) {
    const auto opened = Open(file).value();
    file.reads = 0;
    std::string got;
    while (got.size() < plaintext.size()) got += Read(*opened, got.size(), step).value();
    EXPECT_TRUE(got == plaintext) << step;
    EXPECT_EQ(file.reads, 6U) << step;
  }
}

TEST(SeekableFile, TwoReadersInDifferentPlacesDecryptNothingTwice) {
  const std::string plaintext = TestPlaintext(4 * kChunkBytes);
  TestFile file = WithPayload(SealPayload(plaintext));
  const auto opened = Open(file).value();
  file.reads = 0;
  for (size_t at = 0; at < 2 * kChunkBytes; at += 8192) {
    EXPECT_TRUE(Read(*opened, at, 8192).value() == plaintext.substr(at, 8192));
    const size_t far = 2 * kChunkBytes + at;
    EXPECT_TRUE(Read(*opened, far, 8192).value() == plaintext.substr(far, 8192));
  }
  EXPECT_EQ(file.reads, 4U);
}

TEST(SeekableFile, OpensFilesOfTheRealAge) {
  TestFile file{Fixture("x25519.age"), {}, {}};
  const auto opened =
      SeekableFile::Open(std::make_unique<TestSource>(file), Identities("x25519.txt"));
  ASSERT_TRUE(opened);
  EXPECT_EQ(Read(**opened, 0, 1000).value(), Fixture("plaintext"));
  EXPECT_EQ(Read(**opened, 3, 4).value(), Fixture("plaintext").substr(3, 4));
}

TEST(SeekableFile, DoesNotOpenWhatIsArmoredOrOfOthers) {
  TestFile armored{Fixture("x25519_armored.age"), {}, {}};
  const auto refused =
      SeekableFile::Open(std::make_unique<TestSource>(armored), Identities("x25519.txt"));
  ASSERT_EQ(FailureOf(refused), Code::kUnsupported);
  EXPECT_EQ(refused.error().hint, "store it without armor");
  TestFile file{Fixture("x25519.age"), {}, {}};
  EXPECT_EQ(
      FailureOf(SeekableFile::Open(std::make_unique<TestSource>(file), Identities("ssh_ed25519"))),
      Code::kNoMatch);
  TestFile wrong_mac = WithPayload(SealPayload("x"));
  wrong_mac.text.replace(wrong_mac.text.find("argument"), 8, "ARGUMENT");
  EXPECT_EQ(FailureOf(Open(wrong_mac)), Code::kMac);
}

TEST(SeekableFile, RefusesEveryTruncation) {
  const std::string whole = SealPayload(TestPlaintext(3 * kChunkBytes));
  for (const size_t size :
       {size_t{0}, size_t{1}, size_t{15}, size_t{16}, size_t{17}, kSealedChunkBytes - 1,
        kSealedChunkBytes, kSealedChunkBytes + 1, kSealedChunkBytes + 16, kSealedChunkBytes + 17,
        2 * kSealedChunkBytes - 1, 2 * kSealedChunkBytes, 2 * kSealedChunkBytes + 1,
        2 * kSealedChunkBytes + 16, 2 * kSealedChunkBytes + 17, 3 * kSealedChunkBytes - 1}) {
    TestFile file = WithPayload(whole.substr(0, size));
    EXPECT_EQ(FailureOf(Open(file)), Code::kPayload) << size;
  }
  const std::string header = HeaderAndNonce();
  for (const size_t size : {header.size() - 1, header.size() - 16}) {
    TestFile file{header.substr(0, size), {}, {}};
    EXPECT_EQ(FailureOf(Open(file)), Code::kHeader) << size;
  }
}

TEST(SeekableFile, RefusesEveryContinuation) {
  for (const size_t size : {size_t{0}, size_t{10}, kChunkBytes, 2 * kChunkBytes}) {
    const std::string whole = SealPayload(TestPlaintext(size));
    const std::string chunk = SealChunk("x", 3, true);
    for (const std::string& more :
         {std::string("x"), std::string(16, '\0'), chunk, std::string(kSealedChunkBytes, 'x')}) {
      TestFile file = WithPayload(whole + more);
      EXPECT_EQ(FailureOf(Open(file)), Code::kPayload) << size << " and " << more.size();
    }
  }
}

TEST(SeekableFile, RefusesALastChunkThatIsNotMarkedAsLast) {
  const std::string a = TestPlaintext(kChunkBytes);
  for (const std::string& payload :
       {SealChunk("short", 0, false), SealChunk("", 0, false), SealChunk(a, 0, false),
        SealChunk(a, 0, false) + SealChunk("short", 1, false),
        SealChunk(a, 0, false) + SealChunk("", 1, true),
        SealChunk(a, 0, false) + SealChunk("short", 2, true)}) {
    TestFile file = WithPayload(payload);
    EXPECT_EQ(FailureOf(Open(file)), Code::kPayload) << payload.size();
  }
}

TEST(SeekableFile, AnInnerChunkMarkedAsLastIsNoChunk) {
  const std::string a = TestPlaintext(kChunkBytes);
  TestFile file = WithPayload(SealChunk(a, 0, true) + SealChunk("b", 1, true));
  const auto opened = Open(file).value();
  EXPECT_EQ(FailureOf(Read(*opened, 0, 1)), Code::kPayload);
  EXPECT_EQ(Read(*opened, kChunkBytes, 10).value(), "b");
}

TEST(SeekableFile, ADamagedChunkSpoilsOnlyReadsOfIt) {
  const std::string plaintext = TestPlaintext(4 * kChunkBytes);
  for (const size_t place : {size_t{0}, size_t{30'000}, kChunkBytes, kSealedChunkBytes - 1}) {
    TestFile file = WithPayload(SealPayload(plaintext));
    file.text[ChunkAt(1) + place] ^= 1;
    const auto opened = Open(file).value();
    const auto damaged = Read(*opened, 0, plaintext.size());
    ASSERT_EQ(FailureOf(damaged), Code::kPayload) << place;
    EXPECT_EQ(damaged.error().what, "chunk 2 of the payload is altered");
    EXPECT_EQ(FailureOf(Read(*opened, kChunkBytes, kChunkBytes)), Code::kPayload);
    EXPECT_EQ(FailureOf(Read(*opened, kChunkBytes + 100, 1)), Code::kPayload);
    EXPECT_EQ(FailureOf(Read(*opened, kChunkBytes + 100, 1)), Code::kPayload) << "and again";
    EXPECT_EQ(FailureOf(Read(*opened, kChunkBytes - 1, 2)), Code::kPayload);
    EXPECT_TRUE(Read(*opened, 0, kChunkBytes).value() == plaintext.substr(0, kChunkBytes));
    EXPECT_TRUE(Read(*opened, 2 * kChunkBytes, 3 * kChunkBytes).value() ==
                plaintext.substr(2 * kChunkBytes));
  }
}

TEST(SeekableFile, ADamagedChunkLeavesNothingOfItBehind) {
  const std::string plaintext(2 * kChunkBytes, 's');
  TestFile file = WithPayload(SealPayload(plaintext));
  file.text[ChunkAt(0) + kSealedChunkBytes - 1] ^= 1;  // its tag
  const auto opened = Open(file).value();
  std::string into(kChunkBytes, '?');
  const auto read = opened->ReadAt(0, std::as_writable_bytes(std::span(into.data(), into.size())));
  EXPECT_EQ(FailureOf(read), Code::kPayload);
  EXPECT_EQ(into.find('s'), std::string::npos);
}

TEST(SeekableFile, ADamagedChunkDoesNotPassForTheOneWhosePlaceItTook) {
  const std::string plaintext = TestPlaintext(4 * kChunkBytes);
  TestFile file = WithPayload(SealPayload(plaintext));
  file.text[ChunkAt(1)] ^= 1;
  const auto opened = Open(file).value();
  for (const size_t kept : {size_t{0}, size_t{2}}) {
    EXPECT_TRUE(Read(*opened, kept * kChunkBytes + 7, 10));
  }
  EXPECT_EQ(FailureOf(Read(*opened, kChunkBytes + 7, 10)), Code::kPayload);
  for (const size_t number : {size_t{0}, size_t{2}, size_t{3}, size_t{0}}) {
    const size_t at = number * kChunkBytes + 7;
    EXPECT_TRUE(Read(*opened, at, 10).value() == plaintext.substr(at, 10)) << number;
  }
}

TEST(SeekableFile, SwappedAndRepeatedChunksAreNoChunks) {
  const std::string plaintext = TestPlaintext(4 * kChunkBytes);
  const std::string payload = SealPayload(plaintext);
  const auto chunk = [&](size_t number) {
    return payload.substr(number * kSealedChunkBytes, kSealedChunkBytes);
  };
  TestFile swapped = WithPayload(chunk(1) + chunk(0) + chunk(2) + chunk(3));
  const auto opened = Open(swapped).value();
  EXPECT_EQ(FailureOf(Read(*opened, 0, 1)), Code::kPayload);
  EXPECT_EQ(FailureOf(Read(*opened, kChunkBytes, 1)), Code::kPayload);
  EXPECT_TRUE(Read(*opened, 2 * kChunkBytes, kChunkBytes).value() ==
              plaintext.substr(2 * kChunkBytes, kChunkBytes));
  TestFile dropped = WithPayload(chunk(0) + chunk(1) + chunk(3));
  EXPECT_EQ(FailureOf(Open(dropped)), Code::kPayload);
}

TEST(SeekableFile, AFileThatChangesWhileItIsOpenGivesErrorsAndNeverOtherBytes) {
  const std::string plaintext = TestPlaintext(3 * kChunkBytes + 5);
  TestFile file = WithPayload(SealPayload(plaintext));
  const auto opened = Open(file).value();
  const std::string whole = file.text;
  file.text = whole.substr(0, ChunkAt(2) + 100);
  const auto cut = Read(*opened, 2 * kChunkBytes, 10);
  ASSERT_EQ(FailureOf(cut), Code::kPayload) << "truncated in it";
  EXPECT_EQ(cut.error().what, "the payload is truncated");
  EXPECT_EQ(FailureOf(Read(*opened, 3 * kChunkBytes, 5)), Code::kPayload) << "truncated before it";
  EXPECT_TRUE(Read(*opened, 0, 10).value() == plaintext.substr(0, 10));
  file.text = whole;
  file.text.replace(ChunkAt(1), kSealedChunkBytes, whole, ChunkAt(0), kSealedChunkBytes);
  EXPECT_EQ(FailureOf(Read(*opened, kChunkBytes, 10)), Code::kPayload) << "written over";
  file.text = whole + "more";
  EXPECT_TRUE(Read(*opened, 0, 4 * kChunkBytes).value() == plaintext) << "the size does not change";
}

TEST(SeekableFile, PassesTheSourcesErrorOn) {
  TestFile file = WithPayload(SealPayload(TestPlaintext(2 * kChunkBytes)));
  const auto opened = Open(file).value();
  file.error = Error{Code::kIo, "disk", "", ""};
  EXPECT_EQ(FailureOf(Read(*opened, 0, 10)), Code::kIo);
  file.error.reset();
  EXPECT_TRUE(Read(*opened, 0, 10)) << "it heals";
  file.error = Error{Code::kIo, "disk", "", ""};
  EXPECT_EQ(FailureOf(Open(file)), Code::kIo);
}

TEST(SeekableFile, KeepsTwoChunksAtMostAndGivesThemBack) {
  TestFile file = WithPayload(SealPayload(TestPlaintext(20 * kChunkBytes)));
  { EXPECT_TRUE(Read(*Open(file).value(), 0, 1)); }  // whatever the libraries keep for good
  const auto before = secret_heap::GetStats();
  {
    const auto opened = Open(file).value();
    EXPECT_EQ(secret_heap::GetStats().mappings, before.mappings) << "opening keeps no chunk";
    for (size_t i = 0; i < 20; ++i) EXPECT_TRUE(Read(*opened, i * kChunkBytes + 1, 10));
    EXPECT_LE(secret_heap::GetStats().mappings, before.mappings + 2);
  }
  EXPECT_EQ(secret_heap::GetStats().blocks, before.blocks);
}

TEST(SeekableFile, IsReadByManyThreads) {
  const std::string plaintext = TestPlaintext(6 * kChunkBytes + 1);
  TestFile file = WithPayload(SealPayload(plaintext));
  const auto opened = Open(file).value();
  std::vector<std::thread> threads;
  for (size_t start = 0; start < 4; ++start) {
    threads.emplace_back([&, start] {
      for (size_t at = start * 10'007; at < plaintext.size(); at += 70'001) {
        for (const size_t size : {size_t{100}, 2 * kChunkBytes}) {
          EXPECT_TRUE(Read(*opened, at, size).value() == plaintext.substr(at, size));
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace secretfs::age

#include "crypto/byte_source.h"

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

TEST(MemorySource, GivesItsBytesThenTheEnd) {
  MemorySource source(AsBytes("abcde"));
  Bytes into(3);
  EXPECT_EQ(source.Read(into).value(), 3U);
  EXPECT_EQ(AsText(into), "abc");
  EXPECT_EQ(source.Read(into).value(), 2U);
  EXPECT_EQ(AsText(ByteView(into).first(2)), "de");
  EXPECT_EQ(source.Read(into).value(), 0U);
}

TEST(PrefixedSource, GivesThePrefixThenTheRest) {
  MemorySource rest(AsBytes("rest"));
  PrefixedSource source(ToBytes("prefix "), rest);
  Bytes into(100);
  EXPECT_EQ(ReadFull(source, into).value(), 11U);
  EXPECT_EQ(AsText(ByteView(into).first(11)), "prefix rest");
}

TEST(ReadFull, GathersShortReads) {
  DribbleSource source(AsBytes("0123456789"), 3);
  Bytes into(8);
  EXPECT_EQ(ReadFull(source, into).value(), 8U);
  EXPECT_EQ(AsText(into), "01234567");
  EXPECT_EQ(ReadFull(source, into).value(), 2U);
}

TEST(ReadFull, PassesTheSourcesErrorOn) {
  DribbleSource source(AsBytes("0123"), 3, Code::kIo);
  Bytes into(8);
  EXPECT_EQ(FailureOf(ReadFull(source, into)), Code::kIo);
}

}  // namespace
}  // namespace secretfs::age

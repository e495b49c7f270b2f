#include "crypto/armor_writer.h"

#include "crypto/armor.h"
#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

std::string Armor(std::string_view bytes, size_t step) {
  MemorySink sink;
  ArmorWriter writer(sink);
  for (size_t at = 0; at < bytes.size(); at += step) {
    EXPECT_TRUE(writer.Write(AsBytes(bytes.substr(at, step))));
  }
  EXPECT_TRUE(writer.Finish());
  return std::string(AsText(sink.bytes()));
}

std::string Unarmor(std::string_view text) {
  MemorySource source(AsBytes(text));
  ArmorReader reader(source);
  Bytes bytes(text.size() + 1);
  const auto size = ReadFull(reader, bytes);
  EXPECT_TRUE(size);
  return std::string(AsText(ByteView(bytes).first(size ? *size : 0)));
}

TEST(ArmorWriter, WritesThePublishedForm) {
  EXPECT_EQ(Armor("", 1), "-----BEGIN AGE ENCRYPTED FILE-----\n-----END AGE ENCRYPTED FILE-----\n");
  EXPECT_EQ(Armor("any carnal pleas", 16),
            "-----BEGIN AGE ENCRYPTED FILE-----\nYW55IGNhcm5hbCBwbGVhcw==\n"
            "-----END AGE ENCRYPTED FILE-----\n");
}

TEST(ArmorWriter, IsReadBackWhateverThePieces) {
  for (const size_t size : {0, 1, 2, 3, 47, 48, 49, 95, 96, 97, 8191, 8192, 100000}) {
    const std::string bytes = TestPlaintext(size);
    const std::string whole = Armor(bytes, std::max<size_t>(size, 1));
    EXPECT_EQ(Unarmor(whole), bytes) << size;
    for (const size_t step : {size_t{1}, size_t{47}, size_t{48}, size_t{49}, size_t{1000}}) {
      EXPECT_EQ(Armor(bytes, step), whole) << size << " by " << step;
    }
  }
}

TEST(ArmorWriter, GivesTheSameTextAsAge) {
  const std::string armored = Fixture("x25519_armored.age");
  EXPECT_EQ(Armor(Unarmor(armored), 100), armored);
}

}  // namespace
}  // namespace secretfs::age

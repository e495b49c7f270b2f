#include "crypto/armor.h"

#include "crypto/base64.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kBegin = "-----BEGIN AGE ENCRYPTED FILE-----\n";
constexpr std::string_view kEnd = "-----END AGE ENCRYPTED FILE-----\n";

std::string Armor(std::string_view bytes, std::string_view line_end = "\n") {
  const std::string base64 = crypto::EncodeBase64(AsBytes(bytes), crypto::Padding::kRequired);
  std::string text = "-----BEGIN AGE ENCRYPTED FILE-----" + std::string(line_end);
  for (size_t i = 0; i < base64.size(); i += 64) {
    text.append(base64.substr(i, 64)).append(line_end);
  }
  return text + "-----END AGE ENCRYPTED FILE-----" + std::string(line_end);
}

Result<std::string> Decode(std::string_view text, size_t step = SIZE_MAX, size_t read_size = 1000) {
  DribbleSource source(AsBytes(text), step);
  ArmorReader reader(source);
  std::string decoded;
  Bytes into(read_size);
  while (true) {
    const size_t count = TRY(reader.Read(into));
    if (count == 0) return decoded;
    decoded += AsText(ByteView(into).first(count));
  }
}

std::string Verdict(std::string_view text) {
  const auto decoded = Decode(text);
  if (decoded) return "accepted";
  EXPECT_EQ(decoded.error().code, Code::kArmor);
  return decoded.error().what;
}

std::string WithLines(std::string_view lines) {
  return std::string(kBegin) + std::string(lines) + std::string(kEnd);
}

TEST(Armor, DecodesEverySizeInAnyPieces) {
  std::string bytes;
  for (int size = 0; size < 200; ++size) {
    for (const size_t step : {1U, 7U, 64U, 10'000U}) {
      for (const size_t read_size : {1U, 47U, 48U, 49U, 1000U}) {
        ASSERT_EQ(Decode(Armor(bytes), step, read_size).value(), bytes) << size;
      }
    }
    bytes += static_cast<char>(size * 7);
  }
}

TEST(Armor, DecodesMoreThanItsBuffer) {
  std::string bytes(100'000, '\0');
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * i);
  EXPECT_EQ(Decode(Armor(bytes)).value(), bytes);
  EXPECT_EQ(Decode(Armor(bytes, "\r\n"), 4093, 70'000).value(), bytes);
}

TEST(Armor, TakesCrLfAndWhiteSpaceOutside) {
  EXPECT_EQ(Decode(Armor("abc", "\r\n")).value(), "abc");
  EXPECT_EQ(Decode("\n\r   \t\n" + Armor("abc") + "\n\r \t\v\f").value(), "abc");
  const std::string text = Armor("abc");
  EXPECT_EQ(Decode(text.substr(0, text.size() - 1)).value(), "abc");
}

TEST(Armor, LimitsWhiteSpaceOutside) {
  const std::string most(kMaxArmorSpace, ' ');
  EXPECT_EQ(Verdict(most + Armor("abc")), "accepted");
  EXPECT_EQ(Verdict(" " + most + Armor("abc")),
            "more than 1024 bytes of white space before the armor");
  EXPECT_EQ(Verdict(Armor("abc") + most), "accepted");
  EXPECT_EQ(Verdict(Armor("abc") + most + " "),
            "more than 1024 bytes of white space behind the armor");
}

TEST(Armor, RejectsEmptyLines) {
  const std::string full(64, 'A');
  EXPECT_EQ(Verdict(WithLines("\nAAAA\n")), "armor line 2: an empty line");
  EXPECT_EQ(Verdict(WithLines(full + "\n\n" + full + "\n")), "armor line 3: an empty line");
  EXPECT_EQ(Verdict(WithLines(full + "\n\n")), "armor line 3: an empty line");
  EXPECT_EQ(Verdict(WithLines("AAAA\n\n")), "armor line 3: a line after the last, shorter one");
}

TEST(Armor, RejectsLinesOfOtherLengths) {
  const std::string full(64, 'A');
  EXPECT_EQ(Verdict(WithLines(full + "\n")), "accepted");
  EXPECT_EQ(Verdict(WithLines(full + "AAAA\n")), "armor line 2: longer than 64 columns");
  EXPECT_EQ(Verdict(WithLines(full + "A\n")), "armor line 2: longer than 64 columns");
  EXPECT_EQ(Verdict(WithLines("AAAA\n" + full + "\n")),
            "armor line 3: a line after the last, shorter one");
  const std::string padded = std::string(62, 'A') + "==";
  EXPECT_EQ(Verdict(WithLines(padded + "\n")), "accepted");
  EXPECT_EQ(Verdict(WithLines(padded + "\nAAAA\n")),
            "armor line 3: a line after the last, shorter one");
}

TEST(Armor, RejectsWhatIsNotCanonicalBase64) {
  for (const std::string line :
       {"AB==", "AA", "AA=", " AAAA", "AAAA ", "AA\rAA", "A*AA", "=yjE", "AAAA\r", "-----END"}) {
    EXPECT_EQ(Verdict(WithLines(line + "\r\n")), "armor line 2: not canonical base64") << line;
  }
}

TEST(Armor, RejectsOtherBoundaries) {
  const std::string not_begin = "armor line 1: not '-----BEGIN AGE ENCRYPTED FILE-----'";
  EXPECT_EQ(Verdict("-----BEGIN AGE ENCRYPTED MESSAGE-----\nAAAA\n" + std::string(kEnd)),
            not_begin);
  EXPECT_EQ(Verdict("-----begin age encrypted file-----\nAAAA\n" + std::string(kEnd)), not_begin);
  EXPECT_EQ(Verdict("-----BEGIN AGE ENCRYPTED FILE-----x\nAAAA\n" + std::string(kEnd)), not_begin);
  EXPECT_EQ(Verdict("-----BEGIN AGE ENCRYPTED FILE----- \nAAAA\n" + std::string(kEnd)), not_begin);
  EXPECT_EQ(Verdict("garbage\n" + Armor("abc")), not_begin);
  EXPECT_EQ(Verdict("\n\ngarbage"), "armor line 3: not '-----BEGIN AGE ENCRYPTED FILE-----'");
  EXPECT_EQ(Verdict(""), not_begin);
}

TEST(Armor, RejectsAMissingEndAndTextBehindIt) {
  EXPECT_EQ(Verdict(std::string(kBegin) + "AAAA\n"),
            "the armor has no END line: the file is truncated");
  EXPECT_EQ(Verdict(kBegin), "the armor has no END line: the file is truncated");
  EXPECT_EQ(Verdict(Armor("abc") + "x"), "there is text behind the end of the armor");
  EXPECT_EQ(Verdict(Armor("abc") + Armor("abc")), "there is text behind the end of the armor");
}

TEST(Armor, IsRecognisedByItsBeginning) {
  EXPECT_TRUE(LooksArmored(kBegin));
  EXPECT_TRUE(LooksArmored("\r\n  -----BEGIN AGE ENCRYPTED FILE-----"));
  EXPECT_TRUE(LooksArmored("-----BEGIN SOMETHING ELSE-----"));
  EXPECT_TRUE(LooksArmored("garbage\n-----BEGIN AGE ENCRYPTED FILE-----\n"));
  EXPECT_FALSE(LooksArmored("age-encryption.org/v1\n"));
  EXPECT_FALSE(LooksArmored("age-encryption.org/v1\n-> -----BEGIN AGE ENCRYPTED FILE-----\n"));
  EXPECT_FALSE(LooksArmored("  \n"));
  EXPECT_FALSE(LooksArmored(""));
}

}  // namespace
}  // namespace secretfs::age

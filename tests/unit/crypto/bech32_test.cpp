#include "crypto/bech32.h"

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::crypto {
namespace {

using age::FailureOf;
using age::FromHex;
using age::ToText;

std::string WhyInvalid(std::string_view text) {
  const auto decoded = DecodeBech32(AsBytes(text));
  if (decoded) return "valid";
  EXPECT_EQ(decoded.error().code, Code::kInvalid);
  return decoded.error().what;
}

TEST(Bech32, DecodesTheValidStringsOfBip173) {
  for (const std::string_view text :
       {"A12UEL5L", "a12uel5l",
        "an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5"
        "tgs",
        "11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8"
        "247j"}) {
    const auto decoded = DecodeBech32(AsBytes(text));
    EXPECT_TRUE(decoded.has_value()) << text;
  }
  EXPECT_EQ(DecodeBech32(AsBytes("A12UEL5L"))->prefix, "A");
}

TEST(Bech32, DecodesTheRecipientItEncodes) {
  const Bytes data = FromHex("00ff10203040506070809001020304050607080900112233445566778899aabb");
  const std::string text = EncodeBech32("age", data);
  EXPECT_TRUE(text.starts_with("age1"));
  EXPECT_EQ(text.size(), 62U);
  const auto decoded = DecodeBech32(AsBytes(text));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(decoded->prefix, "age");
  EXPECT_EQ(ToText(decoded->data), AsText(data));
}

TEST(Bech32, HasNoLengthLimit) {
  const std::string text = EncodeBech32("age1pq", Bytes(1216, std::byte{0x5a}));
  EXPECT_EQ(text.size(), 1959U);  // of an age1pq recipient, as the specification says
  EXPECT_TRUE(DecodeBech32(AsBytes(text)).has_value());
}

TEST(Bech32, RejectsTheInvalidStringsOfBip173) {
  EXPECT_EQ(WhyInvalid("\x20"
                       "1nwldj5"),
            "a character that bech32 does not allow");
  EXPECT_EQ(WhyInvalid("\x7f"
                       "1axkwrx"),
            "a character that bech32 does not allow");
  EXPECT_EQ(WhyInvalid("\x80"
                       "1eym55h"),
            "a character that bech32 does not allow");
  EXPECT_EQ(WhyInvalid("x1b4n0q5v"), "a character that bech32 does not allow");
  EXPECT_EQ(WhyInvalid("pzry9x0s0muk"), "not in the form PREFIX1DATA");
  EXPECT_EQ(WhyInvalid("1pzry9x0s0muk"), "not in the form PREFIX1DATA");
  EXPECT_EQ(WhyInvalid("10a06t8"), "not in the form PREFIX1DATA");
  EXPECT_EQ(WhyInvalid("1qzzfhee"), "not in the form PREFIX1DATA");
  EXPECT_EQ(WhyInvalid("li1dgmt3"), "not in the form PREFIX1DATA");
  EXPECT_EQ(WhyInvalid(""), "not in the form PREFIX1DATA");
  EXPECT_EQ(WhyInvalid("A1G7SGD8"), "the checksum is wrong");
  EXPECT_EQ(WhyInvalid("a12UEL5L"), "upper and lower case are mixed");
}

TEST(Bech32, RejectsEverySingleWrongCharacter) {
  const std::string right = EncodeBech32("age", FromHex("0011223344556677"));
  for (size_t i = 4; i < right.size(); ++i) {
    std::string wrong = right;
    wrong[i] = right[i] == 'q' ? 'p' : 'q';
    EXPECT_EQ(WhyInvalid(wrong), "the checksum is wrong") << i;
  }
}

/// Data characters as they are, with a right checksum: searched for, since EncodeBech32 pads well.
std::string WithChecksum(const std::string& text) {
  constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
  std::array<uint32_t, 5> generator{0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  uint32_t state = 1;
  const auto add = [&](uint32_t value) {
    const uint32_t top = state >> 25U;
    state = (state & 0x1ffffffU) << 5U ^ value;
    for (size_t i = 0; i < generator.size(); ++i) {
      if ((top >> i & 1U) != 0) state ^= generator[i];
    }
  };
  add('a' >> 5U);
  add(0);
  add('a' & 31U);
  for (const char c : text.substr(2)) add(static_cast<uint32_t>(kAlphabet.find(c)));
  for (int i = 0; i < 6; ++i) add(0);
  std::string result = text;
  for (unsigned i = 0; i < 6; ++i) result += kAlphabet[(state ^ 1U) >> 5 * (5 - i) & 31U];
  return result;
}

TEST(Bech32, RejectsPaddingThatIsNotCanonical) {
  EXPECT_EQ(WhyInvalid(WithChecksum("a1qq")), "valid");  // one byte, two bits of zero
  EXPECT_EQ(WhyInvalid(WithChecksum("a1qp")), "the padding is not canonical");   // a bit is set
  EXPECT_EQ(WhyInvalid(WithChecksum("a1q")), "the padding is not canonical");    // five bits
  EXPECT_EQ(WhyInvalid(WithChecksum("a1qqq")), "the padding is not canonical");  // seven bits
}

TEST(Bech32, WritesSecretsInUpperCaseAsTheyAreRead) {
  for (size_t size = 0; size < 70; ++size) {
    const Bytes data(size, static_cast<std::byte>(size * 37 + 1));
    const auto text = EncodeSecretBech32("AGE-SECRET-KEY-", data).value();
    const std::string_view view = AsText(text.Expose());
    EXPECT_TRUE(view.starts_with("AGE-SECRET-KEY-1")) << view;
    const auto decoded = DecodeBech32(text.Expose());
    ASSERT_TRUE(decoded) << view;
    EXPECT_EQ(decoded->prefix, "AGE-SECRET-KEY-");
    EXPECT_TRUE(ConstantTimeEqual(decoded->data.Expose(), data));
    EXPECT_EQ(EncodeBech32("age", data).size() + 12, view.size());
  }
}

TEST(Bech32, SaysNothingOfTheText) {
  for (const std::string_view text :
       {"hunter2hunter2", "hunter2!1hunter2", "hunter21hunterhunter"}) {
    EXPECT_EQ(WhyInvalid(text).find("hunter"), std::string::npos);
  }
}

}  // namespace
}  // namespace secretfs::crypto

#include "crypto/base64.h"

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::crypto {
namespace {

using std::string_view_literals::operator""sv;

TEST(Base64, DecodesWhatItEncodes) {
  std::string bytes;
  for (int size = 0; size < 100; ++size) {
    for (const Padding padding : {Padding::kNone, Padding::kRequired}) {
      const std::string text = EncodeBase64(AsBytes(bytes), padding);
      const auto decoded = DecodeBase64(text, padding);
      ASSERT_TRUE(decoded) << text;
      EXPECT_EQ(AsText(*decoded), bytes);
    }
    bytes += static_cast<char>(size * 37);
  }
}

TEST(Base64, EncodesAsInRfc4648) {
  EXPECT_EQ(EncodeBase64(AsBytes("fooba"), Padding::kRequired), "Zm9vYmE=");
  EXPECT_EQ(EncodeBase64(AsBytes("fooba"), Padding::kNone), "Zm9vYmE");
  EXPECT_EQ(EncodeBase64(age::FromHex("fbff"), Padding::kNone), "+/8");
}

TEST(Base64, RejectsAnythingButTheCanonicalText) {
  for (const std::string_view text :
       {"Zm9vYmF"sv, "Zh"sv, "Zm9vYmE="sv, "Zm9v\n"sv, " Zm9v"sv, "Zm 9v"sv, "Z"sv, "Zm9vY"sv,
        "-_8"sv, "Zm9*"sv, "Zm9v="sv, "Zm9v\0"sv}) {
    EXPECT_FALSE(DecodeBase64(text, Padding::kNone)) << text;
  }
  for (const std::string_view text : {"Zm9vYmE", "Zm9vYmF=", "Zh==", "Zg=", "Zg===", "Zg==\n",
                                      "Zg= =", "Z===", "====", "Zm9v=", "Zg==Zg=="}) {
    EXPECT_FALSE(DecodeBase64(text, Padding::kRequired)) << text;
  }
}

TEST(Base64, RejectsEveryByteOutsideTheAlphabet) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (int value = 0; value < 256; ++value) {  // libsodium 1.0.18 takes 0x80 to 0xff for '/'
    const char c = static_cast<char>(value);
    const bool in_alphabet = kAlphabet.find(c) != std::string_view::npos;
    for (const size_t place : {0U, 1U, 2U, 3U}) {
      std::string text = "AAAA";
      text[place] = c;
      EXPECT_EQ(DecodeBase64(text, Padding::kNone).has_value(), in_alphabet) << value;
    }
  }
  EXPECT_EQ(age::FailureOf(DecodeSecretBase64(AsBytes("AA\xff/"))), Code::kInvalid);
  EXPECT_EQ(age::FailureOf(DecodeSecretBase64(AsBytes("AA\0AA"sv))), Code::kInvalid);
}

TEST(Base64, DecodesASecretOverSeveralLines) {
  EXPECT_EQ(age::ToText(DecodeSecretBase64(AsBytes("\nZm9v\r\nYmE=\n")).value()), "fooba");
  EXPECT_EQ(age::FailureOf(DecodeSecretBase64(AsBytes("Zm9v YmE="))), Code::kInvalid);
  EXPECT_EQ(age::FailureOf(DecodeSecretBase64(AsBytes("Zm9vYmE"))), Code::kInvalid);
}

}  // namespace
}  // namespace secretfs::crypto

#include "remote/otp.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

namespace secretfs::remote {
namespace {

std::string Text(const Result<SecretBytes>& code) {
  return std::string(AsText(code.value().Expose()));
}

WallTime At(int64_t seconds) { return WallTime(std::chrono::seconds(seconds)); }

constexpr int64_t kLastSecond = 9'000'000'000;

// "12345678901234567890", as often as the hash wants it.
const std::string kKey20 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
const std::string kKey32 = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZA====";
const std::string kKey64 =
    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQGEZDGNBVGY3TQO"
    "J"
    "QGEZDGNA=";

TEST(Otp, GivesThePasswordsOfRfc4226) {
  const auto key = ParseOtp(AsBytes(kKey20));
  ASSERT_TRUE(key) << key.error().Text();
  const char* const expected[] = {"755224", "287082", "359152", "969429", "338314",
                                  "254676", "287922", "162583", "399871", "520489"};
  for (uint64_t counter = 0; counter < 10; ++counter) {
    EXPECT_EQ(Text(OtpOfCounter(*key, counter)), expected[counter]);
  }
}

TEST(Otp, GivesThePasswordsOfRfc6238) {
  struct Row {
    int64_t time;
    const char* sha1;
    const char* sha256;
    const char* sha512;
  };
  const Row rows[] = {{59, "94287082", "46119246", "90693936"},
                      {1111111109, "07081804", "68084774", "25091201"},
                      {1111111111, "14050471", "67062674", "99943326"},
                      {1234567890, "89005924", "91819424", "93441116"},
                      {2000000000, "69279037", "90698825", "38618901"},
                      {20000000000, "65353130", "77737706", "47863826"}};
  const auto code = [](const std::string& key, const std::string& hash, int64_t time) {
    const std::string url =
        "otpauth://totp/Example:alice?digits=8&secret=" + key + "&issuer=E&algorithm=" + hash;
    const auto otp = ParseOtp(AsBytes(url));
    if (!otp) return otp.error().Text();
    // The last row is beyond what a clock in nanoseconds can tell.
    return Text(time > kLastSecond ? OtpOfCounter(*otp, static_cast<uint64_t>(time) / 30)
                                   : OtpOfTime(*otp, At(time)));
  };
  for (const Row& row : rows) {
    EXPECT_EQ(code(kKey20, "SHA1", row.time), row.sha1);
    EXPECT_EQ(code(kKey32, "SHA256", row.time), row.sha256);
    EXPECT_EQ(code(kKey64, "sha512", row.time), row.sha512);
  }
}

TEST(Otp, ReadsUrlsAndKeysAsPeopleWriteThem) {
  const auto spaced = ParseOtp(AsBytes("gezd gnbv gy3t qojq-GEZDGNBVGY3TQOJQ"));
  ASSERT_TRUE(spaced) << spaced.error().Text();
  EXPECT_EQ(Text(OtpOfCounter(*spaced, 0)), "755224");
  const auto url = ParseOtp(AsBytes("otpauth://totp/?period=60&secret=" + kKey20 + "%3D&x=y&"));
  ASSERT_TRUE(url) << url.error().Text();
  EXPECT_EQ(url->period, 60U);
  EXPECT_EQ(url->digits, 6U);
  EXPECT_EQ(Text(OtpOfTime(*url, At(119))), "287082");
}

TEST(Otp, RejectsWhatIsNoneWithoutQuotingIt) {
  for (const std::string text :
       {"", "hush1", "hush!", "otpauth://totp/x", "otpauth://totp/x?secret=",
        "otpauth://totp/x?secret=hush0", "otpauth://totp/x?secret=HUSH&digits=0",
        "otpauth://totp/x?secret=HUSH&digits=11", "otpauth://totp/x?secret=HUSH&digits=6x",
        "otpauth://totp/x?secret=HUSH&period=0", "otpauth://totp/x?secret=HUSH&period=-1",
        "otpauth://totp/x?secret=HUSH&algorithm=MD5", "otpauth://hotp/x?secret=HUSH&counter=1"}) {
    const auto otp = ParseOtp(AsBytes(text));
    ASSERT_FALSE(otp) << text;
    EXPECT_EQ(otp.error().Text().find("hush"), std::string::npos);
    EXPECT_EQ(otp.error().Text().find("HUSH"), std::string::npos);
  }
  EXPECT_FALSE(ParseOtp(AsBytes(std::string(5000, 'A'))));
}

}  // namespace
}  // namespace secretfs::remote

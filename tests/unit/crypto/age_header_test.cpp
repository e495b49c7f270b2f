#include "crypto/age_header.h"

#include "tests/unit/crypto/age_writer.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kMac = "--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";

std::string WithStanzas(std::string_view stanzas) {
  return "age-encryption.org/v1\n" + std::string(stanzas) + std::string(kMac);
}

/// What was wrong, or "accepted" if the text is printed back as it was.
std::string Verdict(std::string_view text) {
  const auto header = ParseHeader(text);
  if (header)
    return PrintHeader(*header) == text.substr(0, header->size) ? "accepted" : "reprinted";
  EXPECT_EQ(header.error().code, Code::kHeader);
  return header.error().what;
}

TEST(AgeHeader, GivesTypeArgumentsAndBody) {
  const auto header = ParseHeader(WithStanzas("-> X25519 abc d!e\nAAEC\n-> empty\n\n"));
  ASSERT_TRUE(header);
  ASSERT_EQ(header->stanzas.size(), 2U);
  EXPECT_EQ(header->stanzas[0].type, "X25519");
  EXPECT_EQ(header->stanzas[0].args, (std::vector<std::string>{"abc", "d!e"}));
  EXPECT_EQ(header->stanzas[0].body, FromHex("000102"));
  EXPECT_EQ(header->stanzas[1].type, "empty");
  EXPECT_TRUE(header->stanzas[1].args.empty());
  EXPECT_TRUE(header->stanzas[1].body.empty());
  EXPECT_EQ(header->mac, Bytes(32));
}

TEST(AgeHeader, EndsWhereThePayloadBegins) {
  const std::string header = WithStanzas("-> a\n\n");
  EXPECT_EQ(ParseHeader(header + "payload\n--- x\n")->size, header.size());
  EXPECT_EQ(FindHeaderEnd(header + "payload"), header.size());
  EXPECT_EQ(FindHeaderEnd(header.substr(0, header.size() - 1)), std::nullopt);
}

TEST(AgeHeader, PrintsTheTextItParsed) {
  for (const char* name : {"x25519.age", "several.age", "ssh_rsa.age", "passphrase.age"}) {
    EXPECT_EQ(Verdict(Fixture(name)), "accepted") << name;
  }
  const std::string full(64, 'A');
  EXPECT_EQ(Verdict(WithStanzas("-> a\n" + full + "\n\n")), "accepted");
  EXPECT_EQ(Verdict(WithStanzas("-> a\n" + full + "\n" + full + "\nAAA\n")), "accepted");
}

TEST(AgeHeader, RejectsBodyLineOver64Columns) {
  EXPECT_EQ(Verdict(WithStanzas("-> a\n" + std::string(68, 'A') + "\n\n")),
            "header line 3: a body line is longer than 64 columns");
}

TEST(AgeHeader, RejectsBodyWithoutAShortLastLine) {
  EXPECT_EQ(Verdict(WithStanzas("-> a\n" + std::string(64, 'A') + "\n")),
            "header line 4: not a body line in canonical base64");
  EXPECT_EQ(Verdict(WithStanzas("-> a\n")), "header line 3: not a body line in canonical base64");
}

TEST(AgeHeader, RejectsASecondShortLine) {
  EXPECT_EQ(Verdict(WithStanzas("-> a\nAAAA\nAAAA\n")), "header line 4: not the start of a stanza");
}

TEST(AgeHeader, RejectsBodiesThatAreNotCanonicalBase64) {
  for (const std::string body : {"AB", "A", "AA==", "AA ", " AA", "A_", "AAAA\r"}) {
    EXPECT_EQ(Verdict(WithStanzas("-> a\n" + body + "\n")),
              "header line 3: not a body line in canonical base64")
        << body;
  }
}

TEST(AgeHeader, RejectsBadArguments) {
  for (const std::string line :
       {"-> ", "-> a ", "->  a", "-> a  b", "-> a\tb", "-> a\r", "-> \xc3\xa9", "-> a\x7f"}) {
    EXPECT_EQ(Verdict(WithStanzas(line + "\n\n")),
              "header line 2: a stanza argument is empty or has characters that are not allowed")
        << line;
  }
  EXPECT_EQ(Verdict(WithStanzas("->a\n\n")), "header line 2: not the start of a stanza");
}

TEST(AgeHeader, RejectsBadMacLines) {
  const std::string start = "age-encryption.org/v1\n-> a\n\n";
  const std::string zeros(43, 'A');
  const std::string not_32 = "header line 4: the MAC is not 32 bytes in canonical base64";
  EXPECT_EQ(Verdict(start + "---\n"), "header line 4: no space before the MAC");
  EXPECT_EQ(Verdict(start + "---" + zeros + "\n"), "header line 4: no space before the MAC");
  EXPECT_EQ(Verdict(start + "---  " + zeros + "\n"), not_32);
  EXPECT_EQ(Verdict(start + "--- " + zeros + " \n"), not_32);
  EXPECT_EQ(Verdict(start + "--- " + zeros + "=\n"), not_32);
  EXPECT_EQ(Verdict(start + "--- " + zeros + "A\n"), not_32);
  EXPECT_EQ(Verdict(start + "--- " + zeros.substr(1) + "\n"), not_32);
  EXPECT_EQ(Verdict(start + "--- " + zeros.substr(1) + "B\n"), not_32);
  EXPECT_EQ(Verdict(start + "--- " + zeros + "\r\n"), not_32);
  EXPECT_EQ(Verdict(start + "--- " + zeros), "header line 4: the header ends too early");
}

TEST(AgeHeader, RejectsHeaderWithoutStanzas) {
  EXPECT_EQ(Verdict(WithStanzas("")), "header line 1: there is no stanza");
}

TEST(AgeHeader, RejectsOtherVersionsAndOtherFiles) {
  const std::string rest = "-> a\n\n" + std::string(kMac);
  EXPECT_EQ(Verdict("age-encryption.org/v2\n" + rest),
            "the version line is not 'age-encryption.org/v1'");
  EXPECT_EQ(Verdict("age-encryption.org/v1\r\n" + rest),
            "the version line is not 'age-encryption.org/v1'");
  EXPECT_EQ(Verdict("AGE-encryption.org/v1\n" + rest), "not an age file");
  EXPECT_EQ(Verdict(""), "not an age file");
  EXPECT_EQ(Verdict("age-encryption.org/v1"), "header line 1: the header ends too early");
}

TEST(AgeHeader, RejectsEveryTruncation) {
  const std::string text = WithStanzas("-> X25519 abc\nAAEC\n-> b\n\n");
  for (size_t size = 0; size < text.size(); ++size) {
    EXPECT_EQ(FailureOf(ParseHeader(text.substr(0, size))), Code::kHeader) << size;
  }
}

TEST(AgeHeader, TakesLongLinesAndManyStanzasUpToTheLimits) {
  EXPECT_EQ(Verdict(WithStanzas("-> a " + std::string(100'000, 'x') + "\n\n")), "accepted");
  std::string stanzas;
  for (size_t i = 0; i < kMaxStanzas; ++i) stanzas += "-> a\n\n";
  EXPECT_EQ(Verdict(WithStanzas(stanzas)), "accepted");
  EXPECT_EQ(Verdict(WithStanzas(stanzas + "-> a\n\n")), "header line 2049: more than 1024 stanzas");
  EXPECT_EQ(Verdict(WithStanzas("-> a " + std::string(kMaxHeaderBytes, 'x') + "\n\n")),
            "header line 2: the header ends too early");
}

TEST(AgeHeader, MacCoversAllOfTheHeaderUpToTheDashes) {
  const std::string text = WriteHeader({GreaseStanza()});
  const auto header = ParseHeader(text);
  ASSERT_TRUE(header);
  EXPECT_TRUE(VerifyMac(*header, text, Secret(kTestFileKey)).has_value());
  EXPECT_EQ(FailureOf(VerifyMac(*header, text, Secret("another file key"))), Code::kMac);
  for (size_t i = 0; i < text.rfind("---") + 3; ++i) {
    std::string altered = text;
    altered[i] ^= 1;
    EXPECT_EQ(FailureOf(VerifyMac(*header, altered, Secret(kTestFileKey))), Code::kMac) << i;
  }
}

}  // namespace
}  // namespace secretfs::age

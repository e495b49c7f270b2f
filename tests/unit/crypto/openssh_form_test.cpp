#include "crypto/openssh_form.h"

#include <chrono>

#include "base/child_process.h"
#include "base/file.h"
#include "crypto/ssh_key.h"
#include "tests/testkit/temp_dir.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::crypto {
namespace {

using age::Fixture;
using age::ToText;

Result<SecretBytes> Convert(const std::string& fixture) {
  const std::string pem = Fixture(fixture);
  return ToOpenSshForm(AsBytes(pem));
}

std::string DescribeKey(ByteView pem) {
  const auto identity = age::ParseSshPrivateKey(pem, {});
  return identity ? (*identity)->Describe() : identity.error().Text();
}

TEST(OpenSshForm, IsTheSameKey) {
  for (const char* fixture : {"ed25519_pkcs8.pem", "ssh_rsa_pkcs8.pem", "ssh_rsa_pkcs1.pem"}) {
    const auto key = Convert(fixture);
    ASSERT_TRUE(key) << fixture << key.error().Text();
    EXPECT_EQ(DescribeKey(key->Expose()), DescribeKey(AsBytes(Fixture(fixture)))) << fixture;
    EXPECT_EQ(ToText(*key).find("-----BEGIN OPENSSH PRIVATE KEY-----\n"), 0U);
    EXPECT_TRUE(ToText(*key).ends_with("\n-----END OPENSSH PRIVATE KEY-----\n"));
  }
}

TEST(OpenSshForm, IsReadBySshKeygen) {
  const char* const program = "/usr/bin/ssh-keygen";
  if (!StampOf(program)) GTEST_SKIP() << "there is no ssh-keygen";
  const testkit::TempDir folder;
  for (const char* fixture : {"ed25519_pkcs8.pem", "ssh_rsa_pkcs8.pem"}) {
    const auto key = Convert(fixture);
    ASSERT_TRUE(key);
    const std::string path = folder.path() + "/" + fixture;
    ASSERT_TRUE(ReplaceFile(path, key->Expose(), 0600));
    ChildOptions options;
    options.program = program;
    options.arguments = {"-y", "-P", "", "-f", path};
    auto child = ChildProcess::Start(options);
    ASSERT_TRUE(child) << child.error().Text();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    const auto line = (*child)->ReadAll(4096, deadline);
    ASSERT_TRUE(line);
    const std::string printed(AsText(*line));
    const std::string type = std::string(fixture).starts_with("ed") ? "ssh-ed25519 " : "ssh-rsa ";
    EXPECT_EQ(printed.find(type), 0U) << printed;
    EXPECT_TRUE((*child)->Wait(deadline)->Well());
  }
}

TEST(OpenSshForm, IsAlwaysTheSame) {
  EXPECT_EQ(ToText(*Convert("ed25519_pkcs8.pem")), ToText(*Convert("ed25519_pkcs8.pem")));
}

TEST(OpenSshForm, OfWhatHasItAlreadyIsLeft) {
  EXPECT_EQ(ToText(*Convert("ssh_ed25519")), Fixture("ssh_ed25519"));
}

TEST(OpenSshForm, RejectsOtherKeysAndWhatIsNone) {
  EXPECT_EQ(Convert("ec_pkcs8.pem").error().code, Code::kUnsupported);
  EXPECT_EQ(Convert("ed25519_pkcs8_encrypted.pem").error().code, Code::kUnsupported);
  EXPECT_EQ(Convert("rsa_pkcs1_encrypted.pem").error().code, Code::kUnsupported);
  EXPECT_EQ(ToOpenSshForm(AsBytes("hush")).error().code, Code::kInvalid);
  EXPECT_EQ(ToOpenSshForm({}).error().code, Code::kInvalid);
  EXPECT_EQ(ToOpenSshForm(AsBytes(std::string(20000, 'x'))).error().code, Code::kTooLarge);
  const std::string pem = Fixture("ssh_rsa_pkcs8.pem");
  EXPECT_FALSE(ToOpenSshForm(AsBytes(pem.substr(0, pem.size() / 2))));
}

}  // namespace
}  // namespace secretfs::crypto

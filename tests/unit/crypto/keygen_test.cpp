#include "crypto/keygen.h"

#include "crypto/encryption.h"
#include "crypto/hybrid.h"
#include "crypto/recipient_file.h"
#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

/// The line is an identity that opens what is encrypted to the recipient.
void ExpectPair(const NewIdentity& made) {
  const auto identities = ParseIdentityFile(made.line, "new", {});
  ASSERT_TRUE(identities) << identities.error().Text();
  EXPECT_EQ(identities->identities.front()->ToRecipient().value()->Text(), made.recipient);
  const std::vector recipients{ParseRecipient(made.recipient, nullptr).value()};
  MemorySink sink;
  ASSERT_TRUE(EncryptAll(AsBytes("text"), recipients, {}, sink));
  EXPECT_EQ(Decrypt(AsText(sink.bytes()), identities->identities).plaintext, "text");
}

TEST(Keygen, MakesAnIdentityAndItsRecipient) {
  const auto made = MakeNewX25519Identity();
  ASSERT_TRUE(made);
  EXPECT_TRUE(AsText(made->line.Expose()).starts_with("AGE-SECRET-KEY-1"));
  EXPECT_EQ(made->line.size(), 74U);
  ExpectPair(*made);
}

TEST(Keygen, NeverMakesTheSameTwice) {
  EXPECT_NE(MakeNewX25519Identity()->recipient, MakeNewX25519Identity()->recipient);
}

TEST(Keygen, MakesAPostQuantumIdentityWhereItCan) {
  const auto made = MakeNewHybridIdentity();
  if (!HybridSupported()) {
    ASSERT_EQ(FailureOf(made), Code::kUnsupported);
    EXPECT_EQ(made.error().hint, kHybridHint);
    return;
  }
  ASSERT_TRUE(made);
  EXPECT_TRUE(AsText(made->line.Expose()).starts_with("AGE-SECRET-KEY-PQ-1"));
  ExpectPair(*made);
}

}  // namespace
}  // namespace secretfs::age

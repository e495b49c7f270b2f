#include "crypto/scrypt_key.h"

#include <thread>

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

SecretPtr Shared(std::string_view text) {
  return std::make_shared<const SecretBytes>(Secret(text));
}

std::string SaltOf(size_t number) {
  std::string salt(kScryptSaltBytes, 's');
  salt[0] = static_cast<char>(number);
  return salt;
}

TEST(ScryptKeys, MakesAKeyOnce) {
  ScryptKeys keys;
  const auto first = keys.Get(Shared("horse"), AsBytes(SaltOf(1)), 1).value();
  // Another copy of the same passphrase, as another answer to the question gives it.
  EXPECT_EQ(keys.Get(Shared("horse"), AsBytes(SaltOf(1)), 1).value(), first);
  EXPECT_EQ(ToText(*first),
            ToText(DeriveScryptKey(AsBytes("horse"), AsBytes(SaltOf(1)), 1).value()));
}

TEST(ScryptKeys, TellsPassphrasesSaltsAndFactorsApart) {
  ScryptKeys keys;
  const auto first = keys.Get(Shared("horse"), AsBytes(SaltOf(1)), 1).value();
  for (const auto& other : {keys.Get(Shared("house"), AsBytes(SaltOf(1)), 1).value(),
                            keys.Get(Shared("horse"), AsBytes(SaltOf(2)), 1).value(),
                            keys.Get(Shared("horse"), AsBytes(SaltOf(1)), 2).value()}) {
    EXPECT_NE(ToText(*other), ToText(*first));
  }
}

TEST(ScryptKeys, ForgetsTheOldestOf64) {
  ScryptKeys keys;
  const SecretPtr passphrase = Shared("horse");
  std::vector<SecretPtr> made;
  for (size_t i = 0; i < 65; ++i) {
    made.push_back(keys.Get(passphrase, AsBytes(SaltOf(i)), 1).value());
  }
  EXPECT_EQ(keys.Get(passphrase, AsBytes(SaltOf(1)), 1).value(), made[1]);
  EXPECT_NE(keys.Get(passphrase, AsBytes(SaltOf(0)), 1).value(), made[0]);
}

TEST(ScryptKeys, ManyThreadsGetOneKey) {
  ScryptKeys keys;
  const SecretPtr passphrase = Shared("horse");
  std::vector<SecretPtr> made(8);
  std::vector<std::thread> threads;
  for (SecretPtr& key : made) {
    threads.emplace_back([&] { key = keys.Get(passphrase, AsBytes(SaltOf(1)), 8).value(); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const SecretPtr& key : made) EXPECT_EQ(key, made[0]);
}

}  // namespace
}  // namespace secretfs::age

#include "crypto/file_key.h"

#include <gmock/gmock.h>

#include <optional>

#include "tests/unit/crypto/fixtures.h"

namespace secretfs::age {
namespace {

/// Fits nothing, for the given reason.
class StrangeIdentity final : public Identity {
 public:
  explicit StrangeIdentity(std::string hint = {}) : hint_(std::move(hint)) {}
  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza>) const override {
    return Error{Code::kNoMatch, "it is strange", "", hint_};
  }
  [[nodiscard]] std::string Describe() const override { return "stranger"; }

 private:
  std::string hint_;
};

Error WhyNot(const std::vector<IdentityPtr>& identities) {
  Header header;
  header.stanzas = {{"X25519", {}, {}}};
  std::vector<Error> warnings;
  return UnwrapFileKey(header, identities, warnings).error();
}

/// Notes that it was tried, and gives what it is told to.
class NotingIdentity final : public Identity {
 public:
  NotingIdentity(std::string name, Cost cost, std::vector<std::string>& tried,
                 std::optional<Error> error = Error{Code::kNoMatch, "is another", "", ""})
      : name_(std::move(name)), cost_(cost), tried_(tried), error_(std::move(error)) {}
  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza>) const override {
    tried_.push_back(name_);
    if (error_) return *error_;
    return SecretBytes::CopyOf(AsBytes("0123456789abcdef"));
  }
  [[nodiscard]] Cost cost() const override { return cost_; }
  [[nodiscard]] std::string Describe() const override { return name_; }

 private:
  std::string name_;
  Cost cost_;
  std::vector<std::string>& tried_;
  std::optional<Error> error_;
};

TEST(FileKey, DescribesEachKindOfStanzaOnce) {
  const auto texts = DescribeStanzas(ParseHeader(Fixture("several.age"))->stanzas);
  ASSERT_EQ(texts.size(), 3U);
  EXPECT_EQ(texts[0], "2 x X25519");
  // What the file shows can be compared with what the keys are called.
  const auto begins_as = [](const std::string& text, const std::string& key) {
    const std::string shown = text.substr(0, text.find("..."));
    return shown.find("SHA256:") != std::string::npos &&
           Identities(key)[0]->Describe().starts_with(shown);
  };
  EXPECT_TRUE(begins_as(texts[1], "ssh_rsa")) << texts[1];
  EXPECT_TRUE(begins_as(texts[2], "ssh_ed25519")) << texts[2];
}

TEST(FileKey, CutsWhatAFileSaysToAReadableLength) {
  std::vector<Stanza> stanzas{{"ssh-rsa", {std::string(5000, 'x')}, {}}};
  for (size_t i = 0; i < 20; ++i) {
    stanzas.push_back({std::string(5000, static_cast<char>('a' + i)), {}, {}});
  }
  const auto texts = DescribeStanzas(stanzas);
  ASSERT_EQ(texts.size(), 17U);
  EXPECT_EQ(texts[0], "ssh-rsa");
  EXPECT_EQ(texts[1], std::string(40, 'a'));
  EXPECT_EQ(texts[16], "and 5 other kinds");
}

TEST(FileKey, PassesHintsOnOnce) {
  const auto plain = std::make_shared<StrangeIdentity>();
  const auto helpful = std::make_shared<StrangeIdentity>("make friends");
  EXPECT_EQ(WhyNot({}).hint, "no identity was given");
  EXPECT_EQ(
      WhyNot({plain}).hint,
      "tried stranger (it is strange); encrypt the file to one of these, or add its identity");
  EXPECT_EQ(WhyNot({plain, helpful, helpful}).hint,
            "tried stranger (it is strange); stranger (it is strange); stranger (it is strange); "
            "make friends");
}

TEST(FileKey, AdvisesToEncryptAnewOnlyWhenNothingIsWrongWithAnyIdentity) {
  std::vector<std::string> tried;
  const Error wrong{Code::kNoMatch, "wrong passphrase", "id.age", ""};
  const auto other = std::make_shared<StrangeIdentity>();
  const auto locked = std::make_shared<NotingIdentity>("locked", Cost::kNone, tried, wrong);
  EXPECT_TRUE(WhyNot({other}).hint.ends_with(kForOthersHint));
  EXPECT_EQ(WhyNot({other, locked}).hint,
            "tried stranger (it is strange); locked (wrong passphrase)");
  std::vector<IdentityPtr> many(20, other);
  many.push_back(locked);
  EXPECT_FALSE(WhyNot(many).hint.ends_with(kForOthersHint));
}

TEST(FileKey, TriesWhatCostsLeastFirst) {
  std::vector<std::string> tried;
  const auto make = [&tried](const char* name, Cost cost) {
    return std::make_shared<NotingIdentity>(name, cost, tried);
  };
  (void)WhyNot({make("plugin 1", Cost::kPlugin), make("locked 1", Cost::kPassphrase),
                make("open 1", Cost::kNone), make("plugin 2", Cost::kPlugin),
                make("tagged", Cost::kPassphraseForIts), make("open 2", Cost::kNone),
                make("locked 2", Cost::kPassphrase)});
  EXPECT_THAT(tried, testing::ElementsAre("open 1", "open 2", "tagged", "locked 1", "locked 2",
                                          "plugin 1", "plugin 2"));
}

TEST(FileKey, WarnsOfWhatIsWrongWithIdentitiesThatWereTried) {
  std::vector<std::string> tried;
  const Error wrong{Code::kNoMatch, "wrong passphrase", "id.age", "remember it"};
  const std::vector<IdentityPtr> identities{
      std::make_shared<NotingIdentity>("other", Cost::kNone, tried),
      std::make_shared<NotingIdentity>("locked", Cost::kNone, tried, wrong),
      std::make_shared<NotingIdentity>("right", Cost::kNone, tried, std::nullopt),
      std::make_shared<NotingIdentity>("not tried", Cost::kPlugin, tried, wrong)};
  Header header;
  header.stanzas = {{"X25519", {}, {}}};
  std::vector<Error> warnings;
  ASSERT_TRUE(UnwrapFileKey(header, identities, warnings));
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].Text(), "locked (wrong passphrase)");
  EXPECT_EQ(warnings[0].hint, "remember it");
}

TEST(FileKey, NamesSixteenIdentitiesAndCountsTheRest) {
  const std::vector<IdentityPtr> identities(20, std::make_shared<StrangeIdentity>());
  const std::string hint = WhyNot(identities).hint;
  EXPECT_NE(hint.find("; and 4 more; "), std::string::npos) << hint;
  size_t named = 0;
  for (size_t at = hint.find("stranger"); at != std::string::npos;
       at = hint.find("stranger", at + 1)) {
    ++named;
  }
  EXPECT_EQ(named, 16U);
}

}  // namespace
}  // namespace secretfs::age

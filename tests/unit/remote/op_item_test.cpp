#include "remote/op_item.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>

namespace secretfs::remote {
namespace {

constexpr std::string_view kItem = R"({
  "id": "abcdefghijklmnopqrstuvwxyz", "title": "Database", "version": 7,
  "vault": {"id": "v"}, "category": "LOGIN",
  "sections": [{"id": "add more"}, {"id": "s1", "label": "Admin"}, {"id": "s2", "label": "admin"},
               {"id": "s3", "label": "Extra"}, {"id": "s4", "label": "Twice"},
               {"id": "s5", "label": "Twice"}],
  "fields": [
    {"id": "username", "type": "STRING", "purpose": "USERNAME", "label": "username", "value": "joe"},
    {"id": "password", "type": "CONCEALED", "purpose": "PASSWORD", "label": "Password",
     "value": "p\u00e4ss\nword\u0000"},
    {"id": "f1", "section": {"id": "s1"}, "type": "CONCEALED", "label": "password", "value": "admin1"},
    {"id": "f2", "section": {"id": "s2"}, "type": "CONCEALED", "label": "key", "value": "admin2"},
    {"id": "f3", "section": {"id": "add more"}, "type": "URL", "label": "key", "value": "loose"},
    {"id": "f4", "section": {"id": "s3"}, "type": "STRING", "label": "empty"},
    {"id": "f5", "section": {"id": "s3"}, "type": "STRING", "label": "null", "value": null},
    {"id": "f6", "section": {"id": "s3"}, "type": "STRING", "label": "dup", "value": "1"},
    {"id": "f7", "section": {"id": "s3"}, "type": "STRING", "label": "dup", "value": "2"},
    {"id": "f8", "section": {"id": "s3"}, "type": "OTP", "label": "one-time password",
     "value": "otpauth://totp/x?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&digits=8", "totp": "1"},
    {"id": "f9", "section": {"id": "s4"}, "type": "STRING", "label": "only", "value": "here"},
    {"id": "f10", "section": {"id": "s3"}, "type": "STRING", "label": "number", "value": 12},
    {"id": "f11", "section": {"id": "s3"}, "type": "STRING", "label": "f6", "value": "named f6"},
    {"id": "f12", "section": {"id": "s3"}, "type": "STRING", "label": "both", "value": "field"}
  ],
  "files": [
    {"id": "file1", "name": "cert.pem", "size": 12, "content_path": "/v1/elsewhere"},
    {"id": "file2", "name": "Both", "size": 1, "section": {"id": "s3"}},
    {"id": "file3", "name": "data", "size": 0, "section": {"id": "s3"}}
  ]})";

OpReference Ref(const std::string& rest) { return ParseOpReference("op://v/i/" + rest).value(); }

class OpItemSelect : public testing::Test {
 protected:
  Result<OpSecret> Select(const std::string& rest) { return item_.Select(Ref(rest)); }
  /// The value, "file ID", or the error.
  std::string Text(const std::string& rest) {
    const auto secret = Select(rest);
    if (!secret) return "error: " + secret.error().what;
    if (const auto* file = std::get_if<OpFile>(&*secret)) return "file " + file->id;
    return std::string(AsText(std::get<SecretBytes>(*secret).Expose()));
  }
  const OpItem item_ = OpItem::Parse(AsBytes(kItem), "connect").value();
};

TEST_F(OpItemSelect, FindsByIdThenByNameThenByNameButForTheCase) {
  EXPECT_EQ(Text("username"), "joe");
  EXPECT_EQ(Text("USERNAME"), "joe");
  EXPECT_EQ(Text("f6"), "1");
  EXPECT_EQ(Text("Password"), std::string("p\xc3\xa4ss\nword\0", 11));
  EXPECT_EQ(Text("Admin/password"), "admin1");
  EXPECT_EQ(Text("admin/key"), "admin2");
  EXPECT_EQ(Text("s2/KEY"), "admin2");
  EXPECT_EQ(Text("EXTRA/f10"), "12");
}

TEST_F(OpItemSelect, WithoutASectionTakesWhatIsInNoneFirst) {
  EXPECT_EQ(Text("key"), "loose");
  EXPECT_EQ(Text("only"), "here");
  EXPECT_EQ(Text("PASSWORD"), std::string("p\xc3\xa4ss\nword\0", 11));
}

TEST_F(OpItemSelect, TakesSectionsOfOneNameTogether) {
  EXPECT_EQ(Text("Twice/only"), "here");
  EXPECT_EQ(Text("TWICE/f9"), "here");
}

TEST_F(OpItemSelect, GivesNothingForAValueThatIsNotThere) {
  EXPECT_EQ(Text("empty"), "");
  EXPECT_EQ(Text("null"), "");
  EXPECT_EQ(Text("f9?attribute=purpose"), "");
}

TEST_F(OpItemSelect, ListsTheIdsOfSeveral) {
  const auto secret = Select("Extra/dup");
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, Code::kInvalid);
  EXPECT_EQ(secret.error().what, "several fields match 'dup'");
  EXPECT_EQ(secret.error().hint, "use an id: f6, f7");
  EXPECT_EQ(Select("dup").error().code, Code::kInvalid);
}

TEST_F(OpItemSelect, NamesWhatIsNotThere) {
  const auto field = Select("Extra/dupp");
  ASSERT_FALSE(field);
  EXPECT_EQ(field.error().code, Code::kNotFound);
  EXPECT_EQ(field.error().what, "the item has no field or file 'Extra/dupp'");
  EXPECT_EQ(Select("usernam").error().hint, "did you mean 'username'?");
  EXPECT_EQ(Text("Nope/dup"), "error: the item has no section 'Nope'");
  EXPECT_EQ(Text("s1/key"), "error: the item has no field or file 's1/key'");
}

TEST_F(OpItemSelect, FindsFilesAfterFields) {
  EXPECT_EQ(Text("cert.pem"), "file file1");
  EXPECT_EQ(Text("cert.PEM?attribute=content"), "file file1");
  EXPECT_EQ(Text("file2"), "file file2");
  EXPECT_EQ(Text("both"), "field");
  EXPECT_EQ(Text("Both"), "field");
  EXPECT_EQ(Text("Extra/data"), "file file3");
  EXPECT_EQ(Text("s1/data"), "error: the item has no field or file 's1/data'");
}

TEST_F(OpItemSelect, GivesAttributes) {
  EXPECT_EQ(Text("username?attribute=type"), "STRING");
  EXPECT_EQ(Text("username?attribute=value"), "joe");
  EXPECT_EQ(Text("username?attribute=id"), "username");
  EXPECT_EQ(Text("username?attribute=purpose"), "USERNAME");
  EXPECT_EQ(Text("PASSWORD?attribute=title"), "Password");
  EXPECT_EQ(Text("cert.pem?attribute=size"), "12");
  EXPECT_EQ(Text("cert.pem?attribute=name"), "cert.pem");
  EXPECT_EQ(Text("cert.pem?attribute=id"), "file1");
  EXPECT_EQ(Text("cert.pem?attribute=type"), "");
  EXPECT_EQ(Select("username?attribute=size").error().code, Code::kInvalid);
  EXPECT_EQ(Select("cert.pem?attribute=otp").error().code, Code::kInvalid);
  EXPECT_EQ(Select("cert.pem?ssh-format=openssh").error().code, Code::kInvalid);
}

TEST_F(OpItemSelect, ComputesOneTimePasswordsFromWhatItKeeps) {
  const auto ref = Ref("one-time password?attribute=totp");
  const auto kept = item_.Select(ref);
  ASSERT_TRUE(kept) << kept.error().Text();
  const auto now = WallTime(std::chrono::seconds(1111111109));
  const auto code = ComputeOpSecret(ref, std::get<SecretBytes>(*kept).Expose(), now);
  ASSERT_TRUE(code);
  EXPECT_EQ(AsText(code->Expose()), "07081804");
  EXPECT_EQ(Text("f8").substr(0, 10), "otpauth://");
  EXPECT_EQ(Select("username?attribute=otp").error().code, Code::kInvalid);
  const auto plain = ComputeOpSecret(Ref("username"), AsBytes("joe"), now);
  EXPECT_EQ(AsText(plain->Expose()), "joe");
}

TEST(OpItem, GivesKeysInOpenSshsFormat) {
  std::ifstream file(TEST_DATA "/crypto/ed25519_pkcs8.pem", std::ios::binary);
  const std::string pem{std::istreambuf_iterator<char>(file), {}};
  std::string json =
      R"({"id":"i","fields":[{"id":"k","type":"SSHKEY","label":"private key","value":")";
  for (const char c : pem) json += c == '\n' ? std::string("\\n") : std::string(1, c);
  json += R"("}]})";
  const auto item = OpItem::Parse(AsBytes(json), "connect");
  ASSERT_TRUE(item) << item.error().Text();
  const auto key = item->Select(Ref("private key?ssh-format=openssh"));
  ASSERT_TRUE(key) << key.error().Text();
  EXPECT_TRUE(AsText(std::get<SecretBytes>(*key).Expose()).starts_with("-----BEGIN OPENSSH"));
  EXPECT_FALSE(item->Select(Ref("k?attribute=otp")));
}

TEST(OpItem, TellsAtOnceWhichKeyGivesNoOneTimePassword) {
  const auto item = OpItem::Parse(
      AsBytes(R"({"id":"i","fields":[{"id":"o","type":"OTP","label":"otp","value":"hush!"}]})"),
      "");
  ASSERT_TRUE(item);
  const auto secret = item->Select(Ref("otp?attribute=otp"));
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().code, Code::kInvalid);
  EXPECT_EQ(secret.error().Text().find("hush"), std::string::npos);
}

TEST(OpItem, TakesOnlyItems) {
  for (const char* json : {"[]", "{}", "{\"id\": 1}", "\"x\"", "{\"id\":"}) {
    const auto item = OpItem::Parse(AsBytes(json), "connect");
    ASSERT_FALSE(item) << json;
    EXPECT_EQ(item.error().code, Code::kIo);
    EXPECT_EQ(item.error().where, "connect");
  }
  const auto odd =
      OpItem::Parse(AsBytes(R"({"id":"i","fields":[1,[],{}],"files":{},"sections":3})"), "");
  ASSERT_TRUE(odd);
  EXPECT_EQ(odd->Select(Ref("f")).error().code, Code::kNotFound);
  EXPECT_EQ(odd->version(), "");
  const auto item = OpItem::Parse(AsBytes(kItem), "");
  EXPECT_EQ(item->id(), "abcdefghijklmnopqrstuvwxyz");
  EXPECT_EQ(item->title(), "Database");
  EXPECT_EQ(item->version(), "7");
}

}  // namespace
}  // namespace secretfs::remote

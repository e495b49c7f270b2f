#include "core/unit.h"

#include <gtest/gtest.h>

#include <ostream>

namespace secretfs {

void PrintTo(const Units& units, std::ostream* out) {
  *out << "unit '" << units.unit << "', user unit '" << units.user_unit << "', user "
       << (units.user ? std::to_string(*units.user) : "-");
}

namespace {

Units Unit(std::string name) { return {std::move(name), "", std::nullopt}; }
Units Unified(const std::string& path) { return UnitsOf("0::" + path + "\n"); }

TEST(Units, OfAServiceIsItsName) {
  EXPECT_EQ(Unified("/system.slice/nginx.service"), Unit("nginx.service"));
  EXPECT_EQ(Unified("/init.scope"), Unit("init.scope"));
  EXPECT_EQ(Unified("/system.slice/dbus.socket"), Unit("dbus.socket"));
  EXPECT_EQ(Unified("/system.slice/mnt.mount"), Unit("mnt.mount"));
  EXPECT_EQ(Unified("/system.slice/dev-sda2.swap"), Unit("dev-sda2.swap"));
  EXPECT_EQ(UnitsOf("0::/a.service"), Unit("a.service")) << "without a last newline";
}

TEST(Units, OfATemplateHasItsInstance) {
  EXPECT_EQ(Unified("/system.slice/system-microvm.slice/microvm@web1.service"),
            Unit("microvm@web1.service"));
  EXPECT_EQ(Unified("/system.slice/a@b:c@d.service"), Unit("a@b:c@d.service"));
}

TEST(Units, WhatAUnitMakesBelowItselfIsStillTheUnit) {
  EXPECT_EQ(Unified("/system.slice/ci.service/nginx.service"), Unit("ci.service"));
  EXPECT_EQ(Unified("/system.slice/ci.service/system.slice/nginx.service"), Unit("ci.service"));
  EXPECT_EQ(Unified("/system.slice/ci.service/user@1000.service/app.slice/x.service"),
            Unit("ci.service"));
}

TEST(Units, OnlySlicesMayStandBeforeIt) {
  EXPECT_EQ(Unified("/docker/0123/nginx.service"), Units{});
  EXPECT_EQ(Unified("/system.slice/x/nginx.service"), Units{});
  EXPECT_EQ(Unified("/.slice/nginx.service"), Units{});
  EXPECT_EQ(Unified("/a b.slice/nginx.service"), Units{});
}

TEST(Units, OfAUsersManagerAreNamedToo) {
  EXPECT_EQ(Unified("/user.slice/user-1000.slice/user@1000.service/app.slice/backup.service"),
            (Units{"user@1000.service", "backup.service", 1000}));
  EXPECT_EQ(Unified("/user.slice/user-0.slice/user@0.service/init.scope"),
            (Units{"user@0.service", "init.scope", 0}));
  EXPECT_EQ(Unified("/user.slice/user-1000.slice/user@1000.service"),
            (Units{"user@1000.service", "", 1000}));
  EXPECT_EQ(Unified("/user.slice/user-7.slice/user@7.service/x/y.service"),
            (Units{"user@7.service", "", 7}));
  EXPECT_EQ(Unified("/user.slice/user-1000.slice/session-3.scope"), Unit("session-3.scope"));
}

TEST(Units, AManagerIsOneOfANumber) {
  for (const char* name : {"user@alice.service", "user@1x.service", "user@-1.service",
                           "user@4294967295.service", "user@99999999999.service"}) {
    EXPECT_EQ(Unified(std::string("/user.slice/") + name + "/a.service"), Unit(name));
  }
}

TEST(Units, TheKernelsReservedNamesAreUnescapedAndUnitNamesAreNot) {
  EXPECT_EQ(Unified("/system.slice/_cpu.service"), Unit("cpu.service"));
  EXPECT_EQ(Unified("/_memory.slice/__x.service"), Unit("_x.service"));
  EXPECT_EQ(Unified("/system.slice/dev-a\\x2db.swap"), Unit("dev-a\\x2db.swap"));
}

TEST(Units, OfHybridAndOlderMachinesAreFound) {
  const std::string old =
      "12:cpu,cpuacct:/\n11:pids:/system.slice/other.service\n"
      "1:name=systemd:/system.slice/nginx.service\n";
  EXPECT_EQ(UnitsOf(old), Unit("nginx.service"));
  EXPECT_EQ(UnitsOf(old + "0::/\n"), Unit("nginx.service"));
  EXPECT_EQ(UnitsOf(old + "0::/system.slice/nginx.service\n"), Unit("nginx.service"));
}

TEST(Units, TheUnifiedHierarchyCountsFirst) {
  EXPECT_EQ(UnitsOf("1:name=systemd:/a.service\n0::/system.slice/b.service\n"), Unit("b.service"));
  EXPECT_EQ(UnitsOf("1:name=systemd:/a.service\n0::/elsewhere\n"), Units{});
  EXPECT_EQ(UnitsOf("1:name=other:/a.service\n2:cpu:/b.service\n"), Units{});
}

TEST(Units, AreDecidedByTheUnifiedHierarchyUnlessAllAreInItsRoot) {
  EXPECT_TRUE(IsDecidedByUnified("0::/system.slice/b.service\n"));
  EXPECT_TRUE(IsDecidedByUnified("1:name=systemd:/a.service\n0::/elsewhere\n"));
  EXPECT_FALSE(IsDecidedByUnified("1:name=systemd:/a.service\n0::/\n"));
  EXPECT_FALSE(IsDecidedByUnified("1:name=systemd:/a.service\n"));
  EXPECT_FALSE(IsDecidedByUnified(""));
  EXPECT_FALSE(IsDecidedByUnified(std::string("0::/a.service\0\n", 15)));
}

TEST(Units, ThereAreNoneInPlacesThatAreNotWellFormed) {
  for (const char* path : {"",
                           "/",
                           "a.service",
                           "//a.service",
                           "/a.service/",
                           "/system.slice//a.service",
                           "/../a.service",
                           "/../../system.slice/a.service",
                           "/a.service/..",
                           "/./a.service",
                           "/system.slice",
                           "/.service",
                           "/@.service",
                           "/@x.service",
                           "/a@.service",
                           "/a.timer",
                           "/a.service (deleted)",
                           "/a\tb.service",
                           "/\xc3\xa4.service",
                           "/a*.service"}) {
    EXPECT_EQ(Unified(path), Units{}) << path;
  }
  EXPECT_EQ(UnitsOf(""), Units{});
  EXPECT_EQ(UnitsOf("::/a.service\n"), Units{});
  EXPECT_EQ(UnitsOf("x::/a.service\n"), Units{});
  EXPECT_EQ(UnitsOf(std::string("0::/a.service\0\n", 15)), Units{});
}

TEST(Units, ThereAreNoneOfNamesAndPathsThatAreTooLong) {
  const std::string longest(255 - 8, 'a');
  EXPECT_EQ(Unified("/" + longest + ".service"), Unit(longest + ".service"));
  EXPECT_EQ(Unified("/" + longest + "a.service"), Units{});
  std::string deep = "/a.service";
  while (deep.size() < 4096) deep += "/child";
  EXPECT_EQ(Unified(deep), Units{});
}

}  // namespace
}  // namespace secretfs

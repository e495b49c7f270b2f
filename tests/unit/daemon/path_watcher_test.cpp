#include "daemon/path_watcher.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/daemon/path_watcher_fixture.h"

namespace secretfs {
namespace {

namespace fs = std::filesystem;

TEST_F(PathWatcherTest, TellsOfAFileThatIsReplacedOrWrittenOrRemoved) {
  const std::string file = dir_.Write("file", "one");
  const std::string other = dir_.Write("other", "x");
  Watch({file, other});
  Swap(file, "two");
  EXPECT_TRUE(told_.Comes(file));
  std::ofstream(file) << "owt";
  EXPECT_TRUE(told_.Comes(file));
  fs::remove(file);
  EXPECT_TRUE(told_.Comes(file));
  Swap(file, "back");
  EXPECT_TRUE(told_.Comes(file));
  EXPECT_EQ(ToldByNow().count(other), 0U);
}

TEST_F(PathWatcherTest, TellsOfAFileThatIsKeptOpen) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  std::ofstream out(file, std::ios::app);
  out << "two" << std::flush;
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, DoesNotTellOfAFileThatIsBeingWritten) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  std::ofstream writer(file, std::ios::trunc);
  writer << "half" << std::flush;
  EXPECT_EQ(ToldByNow().count(file), 0U);
  EXPECT_EQ(ToldByNow().count(file), 0U);
  writer.close();
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, TellsOfOwnerAndMode) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  ASSERT_EQ(::chmod(file.c_str(), 0600), 0);
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, TellsOfAFileThatBecomesAFolderAndBack) {
  const std::string file = dir_.Write("file", "one");
  Watch({file});
  fs::remove(file);
  fs::create_directory(file);
  EXPECT_TRUE(told_.Comes(file));
  fs::remove(file);
  std::ofstream(file) << "one";
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, FollowsAFileThatBecomesASymlink) {
  const std::string file = dir_.Write("file", "one");
  const std::string target = dir_.Write("target", "two");
  Watch({file});
  TurnLink(file, target);
  EXPECT_TRUE(told_.Comes(file));
  Swap(target, "three");
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, TellsOfFoldersThatAreMadeRemovedAndMadeAgain) {
  const std::string folder = dir_ / "a/b/c";
  const std::string file = folder + "/file";
  Watch({file});
  for (int round = 0; round < 3; ++round) {
    fs::create_directories(folder);
    std::ofstream(file) << "one";
    EXPECT_TRUE(told_.Comes(file)) << round;
    Swap(file, "two");
    EXPECT_TRUE(told_.Comes(file)) << round;
    fs::remove_all(dir_ / "a");
    EXPECT_TRUE(told_.Comes(file)) << round;
  }
}

TEST_F(PathWatcherTest, TellsOfAFolderThatIsMovedAwayAndReplaced) {
  fs::create_directories(dir_ / "live");
  fs::create_directories(dir_ / "next");
  const std::string file = dir_.Write("live/file", "one");
  (void)dir_.Write("next/file", "two");
  Watch({file});
  fs::rename(dir_ / "live", dir_ / "old");
  EXPECT_TRUE(told_.Comes(file));
  (void)ToldByNow();
  (void)dir_.Write("old/file", "nobody asks for this one");
  EXPECT_EQ(ToldByNow().count(file), 0U);
  fs::rename(dir_ / "next", dir_ / "live");
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, FollowsSymlinksOfFilesAndFoldersOnTheWay) {
  // As Kubernetes lays out its volumes: file -> ..data/file, ..data -> one.
  fs::create_directories(dir_ / "one");
  fs::create_directories(dir_ / "two");
  (void)dir_.Write("one/file", "one");
  const std::string there = dir_.Write("two/file", "two");
  fs::create_symlink("one", dir_ / "..data");
  fs::create_symlink("..data/file", dir_ / "file");
  const std::string file = dir_ / "file";
  std::this_thread::sleep_for(std::chrono::milliseconds(30));  // or it may have changed twice
  Watch({file, there});
  TurnLink(dir_ / "..data", "two");
  EXPECT_TRUE(told_.Comes(file));
  EXPECT_EQ(ToldByNow().count(there), 0U);
  Swap(there, "three");
  EXPECT_TRUE(told_.Comes(file));
  EXPECT_TRUE(told_.Comes(there));
  (void)ToldByNow();
  (void)dir_.Write("one/file", "left behind");
  EXPECT_EQ(ToldByNow().count(file), 0U);
  TurnLink(file, dir_ / "absolute");
  EXPECT_TRUE(told_.Comes(file));
  (void)dir_.Write("absolute", "made later");
  EXPECT_TRUE(told_.Comes(file));
}

TEST_F(PathWatcherTest, FollowsLongChainsOfSymlinksAndGivesUpOnLoops) {
  (void)dir_.Write("link0", "end");
  for (int n = 1; n <= 40; ++n) {
    fs::create_symlink(
        "../" + fs::path(dir_.path()).filename().string() + "/link" + std::to_string(n - 1),
        dir_ / ("link" + std::to_string(n)));
  }
  fs::create_symlink("loop", dir_ / "loop");
  Watch({dir_ / "link40", dir_ / "loop"});
  Swap(dir_ / "link0", "changed");
  EXPECT_TRUE(told_.Comes(dir_ / "link40"));
  TurnLink(dir_ / "loop", "link0");
  EXPECT_TRUE(told_.Comes(dir_ / "loop"));
}

TEST_F(PathWatcherTest, TellsOfNamesThatComeAndGoInAFolder) {
  const std::string folder = dir_ / "listed";
  fs::create_directory(folder);
  fs::create_directory_symlink(folder, dir_ / "link");
  const std::string listing = dir_ / "link/";
  Watch({listing});
  std::ofstream(folder + "/a") << "one";
  EXPECT_TRUE(told_.Comes(listing));
  (void)ToldByNow();
  std::ofstream(folder + "/a") << "two";
  EXPECT_EQ(ToldByNow().count(listing), 0U) << "of names, not of content";
  fs::remove(folder + "/a");
  EXPECT_TRUE(told_.Comes(listing));
  fs::remove(folder);
  EXPECT_TRUE(told_.Comes(listing));
  fs::create_directory(folder);
  EXPECT_TRUE(told_.Comes(listing));
}

TEST_F(PathWatcherTest, DoesNotTellWhatDidNotChange) {
  fs::create_directories(dir_ / "folder");
  const std::string file = dir_.Write("folder/file", "one");
  fs::create_symlink("folder", dir_ / "link");
  const std::string through = dir_ / "link/file";
  Watch({file, through});
  ASSERT_TRUE(ToldByNow().empty());
  EXPECT_EQ(testkit::TempDir::Read(file), "one");
  (void)dir_.Write("folder/neighbour", "x");
  (void)dir_.Write("neighbour", "x");
  fs::rename(file, file + ".away");
  fs::rename(file + ".away", file);  // its ctime moved: may be told
  (void)ToldByNow();
  TurnLink(dir_ / "link", dir_ / "folder");  // leads to the same
  (void)ToldByNow();
  EXPECT_TRUE(ToldByNow().empty());
}

TEST_F(PathWatcherTest, TellsOnlyWhatTheNewestWatchNames) {
  const std::string old = dir_.Write("old", "1");
  const std::string kept = dir_.Write("kept", "1");
  Watch({old, kept});
  Watch({kept});
  Swap(old, "2");
  Swap(kept, "2");
  EXPECT_TRUE(told_.Comes(kept));
  EXPECT_EQ(ToldByNow().count(old), 0U);
}

TEST_F(PathWatcherTest, TellsWhatChangedJustBeforeItsPlaceInTheListMoved) {
  const std::string file = dir_.Write("m", "1");
  for (int round = 0; round < 20; ++round) {
    Watch({file});
    Swap(file, std::to_string(round));
    Watch({dir_ / "a", file});
    EXPECT_TRUE(told_.Comes(file)) << round;
  }
}

TEST_F(PathWatcherTest, SeesASwapThatCameRightAfterTheCall) {
  for (int round = 0; round < 10; ++round) {
    const std::string file = dir_.Write("file" + std::to_string(round), "1");
    Watch({file});
    std::ofstream(file) << "2";  // the same size, and perhaps within one grain of the clock
    EXPECT_TRUE(told_.Comes(file)) << round;
  }
}

}  // namespace
}  // namespace secretfs

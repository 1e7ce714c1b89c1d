import Diagnostics
import Files
import Foundation
import TemporaryFolders
import Testing

@Suite struct PublishingTests {
    struct Stop: Error {}

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func fileAppearsWhole() throws {
        try PublishedFile.write([1, 2], to: folder("a"))
        try PublishedFile.write([3], to: folder("a"))
        #expect(try folder.bytes("a") == [3])
        #expect(try folder.names == ["a"])
    }

    @Test func failedFileLeavesTheOldOneAndNothingElse() throws {
        try folder.put([1], at: "a")
        #expect(throws: Stop.self) {
            try PublishedFile.write(to: folder("a")) { writer in
                try writer.write([2, 3])
                #expect(try folder.names == [".a.partial", "a"])
                throw Stop()
            }
        }
        #expect(try folder.names == ["a"])
        #expect(try folder.bytes("a") == [1])
    }

    @Test func directoryIsHiddenUntilItIsWhole() throws {
        try PublishedDirectory.write(to: folder("d")) { path in
            try FileManager.default.createDirectory(
                atPath: "\(path)/sub", withIntermediateDirectories: false)
            try FileWriter.write([1], to: "\(path)/sub/a")
            #expect(try folder.names == [".d.partial"])
        }
        #expect(try folder.names == ["d"])
        #expect(try folder.bytes("d/sub/a") == [1])
    }

    @Test func failedDirectoryLeavesNothing() throws {
        #expect(throws: Stop.self) {
            try PublishedDirectory.write(to: folder("d")) { path in
                try FileWriter.write([1], to: "\(path)/a")
                throw Stop()
            }
        }
        #expect(try folder.names.isEmpty)
    }

    @Test func directoryIsReplacedOnlyOnDemand() throws {
        let write = { (byte: UInt8, isReplacing: Bool) in
            try PublishedDirectory.write(to: folder("d"), isReplacing: isReplacing) { path in
                try FileWriter.write([byte], to: "\(path)/\(byte)")
            }
        }
        try write(1, true)
        #expect(throws: Failure.self) { try write(2, false) }
        #expect(try folder.bytes("d/1") == [1])
        try write(3, true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("d")) == ["3"])
        #expect(try folder.names == ["d"])
    }

    @Test func failedReplacementLeavesTheOldDirectory() throws {
        let directory = PublishedDirectory(at: folder("d"))
        try FileManager.default.createDirectory(
            atPath: folder("d"), withIntermediateDirectories: false)
        #expect(throws: Failure.self) { try directory.publish(isReplacing: true) }
        #expect(try folder.names == ["d"])
    }

    @Test func leftoversOfACrashAreRemovedAndAReplacedDirectoryComesBack() throws {
        try folder.put([1], at: "keep")
        try folder.put([1], at: ".hidden")
        try folder.put([1], at: ".a.partial")
        try folder.put([2], at: ".keep.replaced")
        try PublishedDirectory(at: folder("d")).create()
        try folder.put([3], at: ".e.replaced")
        let removed = try PublishedDirectory.removeLeftovers(in: folder.path)
        #expect(removed == [".a.partial", ".d.partial", ".e.replaced", ".keep.replaced"])
        #expect(try folder.names == [".hidden", "e", "keep"])
        #expect(try folder.bytes("keep") == [1])
        #expect(try folder.bytes("e") == [3])
    }

    @Test func leftoverDoesNotEnterTheNextDirectory() throws {
        let directory = PublishedDirectory(at: folder("d"))
        try directory.create()
        try folder.put([1], at: ".d.partial/old")
        try PublishedDirectory.write(to: folder("d")) { try FileWriter.write([], to: "\($0)/new") }
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("d")) == ["new"])
    }

    @Test func createdFileAppearsWholeAndOnce() throws {
        let create = { (byte: UInt8) in
            try PublishedFile.create(at: folder("a")) { path in
                try FileWriter.write([byte], to: path)
                #expect(try folder.names == ["a.\(getpid()).partial"])
                return byte
            }
        }
        #expect(try create(1) == 1)
        #expect(throws: Failure.self) { try create(2) }
        #expect(try folder.names == ["a"])
        #expect(try folder.bytes("a") == [1])
    }

    @Test func failedCreationLeavesNothing() throws {
        #expect(throws: Stop.self) {
            try PublishedFile.create(at: folder("a")) { path in
                try FileWriter.write([1], to: path)
                throw Stop()
            }
        }
        #expect(throws: Failure.self) { try PublishedFile.create(at: folder("a")) { _ in } }
        #expect(try folder.names.isEmpty)
    }

    @Test func fullDeviceIsAFailureThatTellsWhatToDo() throws {
        let writer = try FileWriter(path: "/dev/full")
        #expect {
            try writer.write([1])
        } throws: { error in
            error as? Failure
                == Failure(
                    "cannot write the file", got: "No space left on device", at: "/dev/full",
                    remedy: "free space on the disk or choose another output")
        }
    }

    @Test func linkMovesWhole() throws {
        try PublishedFile.link(folder("latest"), to: "step-1")
        try PublishedFile.link(folder("latest"), to: "step-2")
        let target = try FileManager.default.destinationOfSymbolicLink(atPath: folder("latest"))
        #expect(target == "step-2")
        #expect(try folder.names == ["latest"])
    }

    @Test func missingParentIsAFailureThatTellsThePath() throws {
        #expect {
            try PublishedFile.write([1], to: folder("none/a"))
        } throws: { error in
            let failure = error as? Failure
            return failure?.place == folder("none/a")
                && failure?.remedy == "check the path"
        }
    }

    /// Whatever fails while a file or directory is written under a temporary name, and wherever.
    @Test func failuresTellTheNameThatAFileWillHave() throws {
        let (missing, full) = (folder("none/a"), folder("d"))
        try folder.put([1], at: "file")
        let failures: [() throws -> Void] = [
            { try PublishedFile.write([1], to: missing) },
            { try PublishedFile.create(at: missing) { try FileWriter.write([1], to: $0) } },
            { try PublishedFile.create(at: full) { _ in } },
            { try PublishedFile.link(missing, to: "b") },
            { try PublishedDirectory.write(to: missing) { _ in } },
            {
                try PublishedDirectory.write(to: full) {
                    try FileWriter.write([1], to: "\($0)/no/a")
                }
            },
            {
                try PublishedDirectory.write(to: full) {
                    try PartialFileWriter.create("\($0)/no/a", size: 1)
                }
            },
            {
                try PublishedDirectory.write(to: full) {
                    _ = try PartialFileWriter(path: "\($0)/no/a")
                }
            },
            { try PublishedDirectory(at: full).publish() },
            { try PublishedFile.write([1], to: folder("file/a")) },
        ]
        for (number, write) in failures.enumerated() {
            let failure = try #require(throws: Failure.self, "\(number)") { try write() }
            #expect(!failure.line.contains(".partial"), "\(number): \(failure)")
            #expect(failure.line.contains(folder.path), "\(number): \(failure)")
        }
    }

    @Test(arguments: [
        ("a/.b.json.partial", "a/b.json"), ("a/.b.partial/c", "a/b/c"),
        ("b.h5.712.partial", "b.h5"),
        ("/x/.y.replaced", "/x/y"), ("a.b.partial", "a.b.partial"), ("./a", "./a"),
    ])
    func temporaryNamesAreThoseOfTheirFiles(path: String, published: String) {
        #expect(TemporaryName.published(path) == published)
    }

    @Test func directoriesGiveTheirFilesInTheOrderOfNames() throws {
        for name in ["in/b", "in/.hidden", "in/a/2", "in/a/10", "in/.git/x", "in/c/d/e", "single"] {
            try FileManager.default.createDirectory(
                atPath: URL(filePath: folder(name)).deletingLastPathComponent().path,
                withIntermediateDirectories: true)
            try folder.put([1], at: name)
        }
        // A link to its own parent is entered once.
        try FileManager.default.createSymbolicLink(
            atPath: folder("in/c/up"), withDestinationPath: folder("in"))
        let names = ["in/a/10", "in/a/2", "in/b", "in/c/d/e", "single"]
        #expect(
            try DirectoryEntries.files(in: [folder("in"), folder("single")])
                == names.map { folder($0) })
        #expect(try DirectoryEntries.files(in: [folder("absent")]) == [folder("absent")])
        try FileManager.default.createDirectory(
            atPath: folder("none"), withIntermediateDirectories: false)
        try folder.put([1], at: "none/.hidden")
        let failure = try #require(throws: Failure.self) {
            try DirectoryEntries.files(in: [folder("in"), folder("none")])
        }
        #expect(failure.what == "the directory holds no file")
        #expect(failure.place == folder("none"))
    }
}

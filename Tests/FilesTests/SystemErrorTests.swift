import Diagnostics
import Files
import Foundation
import TemporaryFolders
import Testing

/// An error of the system is told as what it is, not as something that is missing or taken.
@Suite struct SystemErrorTests {
    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    @Test func aPlaceThatCannotBeLookedAtIsNotAnEmptyOne() throws {
        try folder.put([1], at: "file")
        #expect(try DirectoryEntries.isThere(folder("file")))
        #expect(try !DirectoryEntries.isThere(folder("none")))
        #expect(try !DirectoryEntries.isThere(folder("file/below")))
        try FileManager.default.createSymbolicLink(
            atPath: folder("loop"), withDestinationPath: "loop")
        #expect(try DirectoryEntries.isThere(folder("loop")))
        for path in ["loop/below", String(repeating: "a", count: 300)] {
            #expect(throws: Failure.self) { try DirectoryEntries.isThere(folder(path)) }
        }
        let line = failureLine { _ = try DirectoryEntries.isFolder(folder("loop")) }
        #expect(line.hasPrefix("cannot look at the path: got Too many levels of symbolic links"))
        #expect(try DirectoryEntries.namesIfThere(in: folder("none")).isEmpty)
        #expect(throws: Failure.self) { try DirectoryEntries.namesIfThere(in: folder("loop")) }
    }

    @Test func aPlaceThatCannotBeLookedAtBearsTheNameThatWasGiven() throws {
        let name = String(repeating: "a", count: 250)
        let line = failureLine {
            try PublishedFile.create(at: folder(name), isReplacing: false) { _ in }
        }
        #expect(line.contains("File name too long (\(folder(name)))"), "\(line)")
    }

    /// In the place of the system call, with this error.
    private func outcome(_ code: Int32) throws -> FileLock.Outcome {
        try FileLock(path: folder("lock"), what: "cannot open") { _, _ in
            errno = code
            return -1
        }.outcome
    }

    @Test func aLockIsTakenOnlyWhereTheSystemSaysSo() throws {
        #expect(try FileLock(path: folder("lock"), what: "cannot open").outcome == .locked)
        #expect(try outcome(EWOULDBLOCK) == .taken)
        for code in [ENOLCK, ENOSYS, EOPNOTSUPP] {
            let reason = String(cString: strerror(code))
            #expect(try outcome(code) == .unavailable(reason: reason))
        }
        let line = failureLine { _ = try outcome(EIO) }
        #expect(line.hasPrefix("cannot lock the file: got Input/output error"))
    }

    @Test func anInterruptedLockIsAskedForAgain() throws {
        var calls = 0
        let lock = try FileLock(path: folder("lock"), what: "cannot open") { _, _ in
            calls += 1
            errno = EINTR
            return calls < 3 ? -1 : 0
        }
        #expect(lock.outcome == .locked && calls == 3)
    }
}

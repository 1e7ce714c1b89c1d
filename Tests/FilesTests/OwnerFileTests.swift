import Diagnostics
import Files
import Foundation
import Synchronization
import TemporaryFolders
import Testing

/// Who owns a directory where no lock tells.
@Suite struct OwnerFileTests {
    private static let beat = Duration.milliseconds(40)

    let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func owner(
        _ claim: OwnerFile.Claim = .whenSilent,
        isLost: @escaping @Sendable (Failure) -> Void = { _ in },
        say: (String) -> Void = { _ in }
    ) throws -> OwnerFile {
        try OwnerFile(
            of: folder.path, claim: claim, beat: Self.beat, isLost: isLost, say: say)
    }

    /// An owner on another host whose file says so, and stands still.
    private func leave(_ number: Int, beats: Int = 7, _ word: String = "lives") throws {
        try folder.write("node17 4711 40 \(beats) \(word)\n", to: ".owner-\(number)")
    }

    @Test func aLivingOwnerKeepsOthersOut() throws {
        let first = try owner()
        let line = failureLine { _ = try owner() }
        #expect(line.hasPrefix("another run is at work in this directory: got process \(getpid())"))
        #expect(line.contains("which beats every 0.04 s (\(folder.path))"))
        #expect(line.contains("--take-over"))
        withExtendedLifetime(first) {}
        #expect(try folder.names == [".owner-1"])
    }

    @Test func anOwnerThatEndedInOrderIsNotWaitedFor() throws {
        do { withExtendedLifetime(try owner()) {} }
        #expect(try folder.text(".owner-1").hasSuffix(" ended\n"))
        var lines: [String] = []
        let second = try owner(say: { lines.append($0) })
        #expect(lines.isEmpty)
        withExtendedLifetime(second) {}
    }

    @Test func anOwnerThatStandsStillForThreeBeatsIsDead() throws {
        try leave(3)
        var lines: [String] = []
        let start = ContinuousClock.now
        let next = try owner(say: { lines.append($0) })
        #expect(ContinuousClock.now - start >= Self.beat * 3)
        #expect(lines.count == 1 && lines[0].contains("belongs to process 4711 on node17"))
        #expect(try folder.names == [".owner-4"])
        withExtendedLifetime(next) {}
    }

    /// The clocks of two hosts may be years apart: the time of the file says nothing.
    @Test func theTimeOfAnotherClockSaysNothing() throws {
        for date in [Date.distantPast, Date.now + 1e9] {
            try leave(1)
            try FileManager.default.setAttributes(
                [.modificationDate: date], ofItemAtPath: folder(".owner-1"))
            let start = ContinuousClock.now
            withExtendedLifetime(try owner()) {}
            #expect(ContinuousClock.now - start >= Self.beat * 3)
            try FileManager.default.removeItem(atPath: folder(".owner-2"))
        }
    }

    /// It moves while it is watched, at any moment of the three beats.
    @Test(arguments: [0.1, 1.4, 2.6]) func anOwnerThatMovesInTimeLives(beats: Double) throws {
        try leave(1)
        let folder = folder
        let thread = Thread {
            Thread.sleep(forTimeInterval: beats * (Self.beat / .seconds(1)))
            try? folder.write("node17 4711 40 8 lives\n", to: ".owner-1")
        }
        thread.start()
        let line = failureLine { _ = try owner() }
        #expect(line.contains("process 4711 on node17"), "\(line)")
        #expect(try folder.names == [".owner-1"])
    }

    /// A file that was made and is not yet written, or is written just now.
    @Test func aFileThatCannotBeReadIsWatchedToo() throws {
        try folder.write("", to: ".owner-1")
        let start = ContinuousClock.now
        withExtendedLifetime(try owner()) {}
        #expect(ContinuousClock.now - start >= Self.beat * 3)
    }

    @Test func whoeverTakesOverEndsTheOwner() throws {
        let lost = Mutex<String?>(nil)
        let first = try owner(isLost: { failure in lost.withLock { $0 = failure.line } })
        let second = try owner(.atOnce)
        // The first had its beat before the second went on.
        let line = lost.withLock { $0 } ?? ""
        #expect(line.hasPrefix("another run has taken over this directory: "), "\(line)")
        #expect(try folder.names == [".owner-2"])
        let third = failureLine { _ = try owner() }
        #expect(third.hasPrefix("another run is at work in this directory"))
        withExtendedLifetime((first, second)) {}
    }

    /// As after a cut of the network: the next came in between.
    @Test func anOwnerWhoseFileIsGoneEnds() throws {
        let lost = Mutex(false)
        let first = try owner(isLost: { _ in lost.withLock { $0 = true } })
        try FileManager.default.removeItem(atPath: folder(".owner-1"))
        try leave(2)
        Thread.sleep(forTimeInterval: 5 * (Self.beat / .seconds(1)))
        #expect(lost.withLock { $0 })
        withExtendedLifetime(first) {}
        #expect(try folder.text(".owner-2").hasPrefix("node17"))
    }

    /// Many that find the same dead owner at the same moment.
    @Test func oneOfManyComesAfterADeadOwner() throws {
        for number in [1, 5, 9] {
            try leave(number)
            let owners = Mutex<[OwnerFile]>([])
            let (folder, beat) = (folder, Self.beat)
            DispatchQueue.concurrentPerform(iterations: 8) { _ in
                let owner = try? OwnerFile(of: folder.path, beat: beat, isLost: { _ in })
                if let owner { owners.withLock { $0.append(owner) } }
            }
            #expect(owners.withLock { $0.count } == 1)
            #expect(try folder.names == [".owner-\(number + 1)"])
            owners.withLock { $0 = [] }
        }
    }
}

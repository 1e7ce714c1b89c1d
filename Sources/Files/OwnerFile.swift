import Diagnostics
import Foundation
import Synchronization

/// The owner of a directory on a file system whose locks do not reach all hosts: files `.owner-N`, of
/// which the one with the highest number names the owner and is written again at every beat.
///
/// A file is made under a new number, which the file system grants to one process alone, and never
/// renamed or made again: of two processes that find the same silent owner one comes after it. An
/// owner whose file stands still for three beats, by the clock of the reader, has died; one that is
/// cut off for as long finds the file of the next at its first beat, and ends. A last owner that went
/// in order leaves a file that says so.
package final class OwnerFile: Sendable {
    /// What happens with the owner on which this process comes.
    package enum Claim: Sendable {
        /// Refuses while the owner lives.
        case whenSilent
        /// Takes its place at once; the owner ends at its next beat.
        case atOnce
    }

    package static let usualBeat = Duration.seconds(10)
    /// Beats that may be missed.
    private static let patience = 3

    private let directory: String
    private let number: Int
    private let isClosed = DispatchSemaphore(value: 0)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Whether any process has ever needed such a file in the directory.
    package static func isThere(in directory: String) throws(Failure) -> Bool {
        try newest(in: directory) != nil
    }

    /// Becomes the owner, and beats until it goes away.
    ///
    /// - Parameters:
    ///   - isLost: called on another thread when another process has taken the place.
    ///   - say: gets a line before this waits to see whether an owner lives.
    /// - Throws: `Failure` while another owner lives.
    package init(
        of directory: String, claim: Claim = .whenSilent, beat: Duration = OwnerFile.usualBeat,
        isLost: @escaping @Sendable (Failure) -> Void = { $0.endProcess() },
        say: (String) -> Void = { _ in }
    ) throws(Failure) {
        self.directory = directory
        var claim = claim
        var found = try Self.newest(in: directory)
        var displaced: OwnerBeat?
        while true {
            if let found, claim == .whenSilent {
                try Self.awaitEnd(of: found, in: directory, beat, say)
            } else if let found {
                displaced = try Self.text(of: found, in: directory).flatMap(OwnerBeat.init)
            }
            let own = (found ?? 0) + 1
            let isMade = try Self.create(own, in: directory, OwnerBeat(every: beat))
            found = try Self.newest(in: directory)
            if isMade && found == own { break }
            // Another process was faster: it lives.
            if isMade { try DirectoryEntries.remove(Self.path(of: own, in: directory)) }
            claim = .whenSilent
        }
        number = found ?? 1
        try Self.removeOlder(than: number, in: directory)
        begin(beat, isLost)
        // It learns of it at its next beat.
        if let displaced, !displaced.hasEnded {
            Thread.sleep(forTimeInterval: 1.5 * (displaced.interval / .seconds(1)))
        }
    }

    deinit {
        isClosed.signal()
        hasEnded.wait()
        try? Self.write(.ended, to: Self.path(of: number, in: directory))
    }

    private func begin(_ beat: Duration, _ isLost: @escaping @Sendable (Failure) -> Void) {
        // The thread holds the parts that it needs: a thread that held this would keep it alive.
        let (directory, number) = (directory, number)
        let (isClosed, hasEnded) = (isClosed, hasEnded)
        let thread = Thread.named("owner") {
            var own = OwnerBeat(every: beat)
            while isClosed.wait(timeout: .now() + beat / .seconds(1)) == .timedOut {
                own.count += 1
                do throws(Failure) {
                    try Self.keep(number, own, in: directory)
                } catch {
                    isLost(error)
                    break
                }
            }
            hasEnded.signal()
        }
        thread.start()
    }

    /// Writes a beat.
    ///
    /// - Throws: where another process is the owner now. A file system that fails for a while is no
    ///   reason to end: who it is shows at the next beat.
    private static func keep(
        _ number: Int, _ beat: OwnerBeat, in directory: String
    ) throws(Failure) {
        let path = path(of: number, in: directory)
        guard let newest = try? Self.newest(in: directory) else { return }
        guard newest <= number, (try? DirectoryEntries.isThere(path)) ?? true else {
            let next = (try? text(of: newest, in: directory)).flatMap(OwnerBeat.init)
            throw Failure(
                "another run has taken over this directory",
                expected: "\(OwnerBeat(every: .zero).name) as its owner",
                got: next?.name ?? "another process", at: directory,
                remedy: "see which of the two shall go on: this one has ended")
        }
        try? write(beat, to: path)
    }

    /// Waits until the owner's file has stood still for three beats, or says that its owner has ended.
    ///
    /// - Throws: `Failure` where it moves.
    private static func awaitEnd(
        of number: Int, in directory: String, _ ownBeat: Duration, _ say: (String) -> Void
    ) throws(Failure) {
        let first = try text(of: number, in: directory)
        let owner = first.flatMap(OwnerBeat.init)
        if owner?.hasEnded == true { return }
        let beat = max(owner?.interval ?? ownBeat, .milliseconds(1))
        let limit = beat * patience
        say(
            "\(directory) belongs to \(owner?.name ?? "another process"), which has not said that it "
                + "ended: waiting \(limit / .seconds(1)) s for a sign of life")
        let start = ContinuousClock.now
        while .now - start < limit {
            Thread.sleep(forTimeInterval: beat / .seconds(8))
            // Where it is gone it made way for the next.
            guard let line = try text(of: number, in: directory) else { return }
            guard line != first else { continue }
            let now = OwnerBeat(line)
            if now?.hasEnded == true { return }
            throw Failure(
                "another run is at work in this directory",
                got: "\((now ?? owner)?.name ?? "a process"), which beats every "
                    + "\((now?.interval ?? beat) / .seconds(1)) s", at: directory,
                remedy: "wait for it, stop it, choose another output, or end it by --take-over")
        }
    }

    // MARK: Files

    private static let prefix = ".owner-"

    private static func path(of number: Int, in directory: String) -> String {
        "\(directory)/\(prefix)\(number)"
    }

    private static func numbers(in directory: String) throws(Failure) -> [Int] {
        try DirectoryEntries.names(in: directory)
            .compactMap { $0.hasPrefix(prefix) ? Int($0.dropFirst(prefix.count)) : nil }
    }

    private static func newest(in directory: String) throws(Failure) -> Int? {
        try numbers(in: directory).max()
    }

    private static func removeOlder(than number: Int, in directory: String) throws(Failure) {
        for old in try numbers(in: directory) where old < number {
            try DirectoryEntries.remove(path(of: old, in: directory))
        }
    }

    /// The text of a file; nil where it is gone.
    private static func text(of number: Int, in directory: String) throws(Failure) -> String? {
        let path = path(of: number, in: directory)
        do {
            return String(decoding: try FileReader.bytes(of: path), as: UTF8.self)
        } catch {
            guard try DirectoryEntries.isThere(path) else { return nil }
            throw error
        }
    }

    /// - Returns: false where the file is there already.
    private static func create(
        _ number: Int, in directory: String, _ beat: OwnerBeat
    ) throws(Failure) -> Bool {
        let path = path(of: number, in: directory)
        let what = "cannot write the owner of the directory"
        let descriptor = try SystemCall.check(what, at: path) { () -> Int32 in
            let status = open(path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0o644)
            return status < 0 && errno == EEXIST ? .max : status
        }
        guard descriptor != .max else { return false }
        close(descriptor)
        try write(beat, to: path)
        try DirectoryEntries.synchronize(directory)
        return true
    }

    /// Writes over the file, which is not made where it is gone.
    private static func write(_ beat: OwnerBeat, to path: String) throws(Failure) {
        let what = "cannot write the owner of the directory"
        let descriptor = try SystemCall.check(what, at: path) {
            open(path, O_WRONLY | O_CLOEXEC)
        }
        defer { close(descriptor) }
        let bytes = Array(beat.text.utf8)
        try SystemCall.check(what, at: path) { pwrite(descriptor, bytes, bytes.count, 0) }
        try SystemCall.check(what, at: path) { ftruncate(descriptor, off_t(bytes.count)) }
        try SystemCall.check(what, at: path) { fsync(descriptor) }
    }
}

import Diagnostics
import Files
import Foundation

/// Gives one target changed files, one after the other, within limits of time and memory.
///
/// Each input stands on the disk before it is read: where the process dies of one (a trap, a signal,
/// the alarm of an input that takes too long, an allocation past the limit), it is still there.
final class Fuzzer {
    struct Counts {
        var accepted = 0
        var refused = 0
    }

    let target: FuzzTarget
    private let folder: String
    private let seeds: [[UInt8]]

    /// Of the processor for one input, which is at most some megabytes. A reader that computes too long is
    /// stopped at these, whatever else the machine does; one that waits, after thirty times as many by
    /// the clock.
    private static let maximumSeconds = 20
    /// Bytes that an input may be, and how many times its size the memory may grow while it is read.
    private static let maximumSize = 1 << 20
    private static let maximumGrowth = 64 << 20

    /// - Parameters:
    ///   - folder: an empty folder; holds the input, as the target's file, while it is read.
    ///   - corpus: failures of the past, read first and changed too.
    init(_ target: FuzzTarget, folder: String, corpus: [[UInt8]]) throws {
        self.target = target
        self.folder = folder
        let more = try target.prepare(folder)
        seeds = try [FileReader.bytes(of: folder + "/" + target.file)] + more + corpus
    }

    /// Reads every seed as it is, then changed ones until `isDone` (asked with the count so far).
    func run(seed: UInt64, until isDone: (Int) -> Bool) throws -> Counts {
        var counts = Counts()
        var mutator = Mutator(seed: seed)
        for bytes in seeds { try read(bytes, &counts) }
        while !isDone(counts.accepted + counts.refused) {
            let base = seeds[mutator.number(below: seeds.count)]
            let other = seeds[mutator.number(below: seeds.count)]
            var bytes = Array(mutator.mutated(base, with: other).prefix(Self.maximumSize))
            if mutator.number(below: 2) == 0 { bytes = target.repair(bytes) }
            try read(bytes, &counts)
        }
        return counts
    }

    /// - Throws: what is no clear refusal: an error of another type than `Failure`, and memory that
    ///   the size of the input does not justify.
    func read(_ bytes: [UInt8], _ counts: inout Counts) throws {
        try FileWriter.overwrite(folder + "/" + target.file, with: bytes)
        let before = Self.peakMemory
        limitTime(seconds: Self.maximumSeconds)
        defer { limitTime(seconds: 0) }
        do {
            try target.read(folder)
            counts.accepted += 1
        } catch let failure as Failure {
            // A message that floods the terminal is not clear.
            guard failure.line.utf8.count < 1 << 16 else {
                throw self.failure("a short message", got: "\(failure.line.utf8.count) bytes")
            }
            counts.refused += 1
        } catch {
            throw failure("a Failure", got: "\(type(of: error)): \(error)")
        }
        let growth = Self.peakMemory - before
        guard growth <= Self.maximumGrowth + 64 * bytes.count else {
            throw failure("memory by the size of the input, \(bytes.count)", got: "\(growth) bytes")
        }
    }

    /// `SignalTaker` ends the process at both signals; 0 takes the limits back.
    private func limitTime(seconds: Int) {
        alarm(UInt32(30 * seconds))
        var timer = itimerval()
        timer.it_value.tv_sec = seconds
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
    }

    private func failure(_ expected: String, got: String) -> Failure {
        Failure(
            "\(target.name) did not survive an input", expected: expected, got: got,
            at: folder + "/" + target.file)
    }

    private static var peakMemory: Int {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss * 1024
    }
}

extension FileWriter {
    /// Without putting it on the disk: an input that is read once and gone.
    static func overwrite(_ path: String, with bytes: [UInt8]) throws {
        try FileWriter(path: path).write(bytes)
    }
}

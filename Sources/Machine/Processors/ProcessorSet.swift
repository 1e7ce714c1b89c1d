import CHwloc
import Foundation

/// Processors by the numbers that the system gives them: the hardware threads of cores.
package struct ProcessorSet: Hashable, Sendable {
    /// The numbers, ascending.
    package let numbers: [Int]

    package init(_ numbers: some Sequence<Int>) {
        self.numbers = Set(numbers).sorted()
    }

    package var count: Int { numbers.count }
    package var isEmpty: Bool { numbers.isEmpty }

    package func contains(_ number: Int) -> Bool { numbers.contains(number) }

    package func union(_ other: ProcessorSet) -> ProcessorSet {
        ProcessorSet(numbers + other.numbers)
    }
}

extension ProcessorSet {
    private static let wordBits = 64

    /// The set as bits, processor 0 first.
    package var words: [UInt64] {
        var words = [UInt64](repeating: 0, count: (numbers.last ?? 0) / Self.wordBits + 1)
        for number in numbers { words[number / Self.wordBits] |= 1 << (number % Self.wordBits) }
        return words
    }

    package init(words: [UInt64]) {
        self.init(
            words.enumerated().flatMap { index, word in
                (0..<Self.wordBits).filter { word >> $0 & 1 == 1 }
                    .map { index * Self.wordBits + $0 }
            })
    }
}

extension ProcessorSet: CustomStringConvertible {
    /// The set as the system writes it: "0-3,8".
    package var description: String {
        var runs: [ClosedRange<Int>] = []
        for number in numbers {
            if let last = runs.last, last.upperBound == number - 1 {
                runs[runs.count - 1] = last.lowerBound...number
            } else {
                runs.append(number...number)
            }
        }
        return runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
            .joined(separator: ",")
    }
}

extension ProcessorSet {
    /// The processors that were granted to this program when it started: by a launcher, a control group
    /// or the user. Taken at the first look, before any thread is bound.
    package static let inherited: ProcessorSet = {
        let granted = ofThread(getpid())
        return granted.isEmpty ? ProcessorSet(0..<onlineCount) : granted
    }()

    /// The processors that the calling thread may run on; none where the system does not tell.
    package static var ofCallingThread: ProcessorSet { ofThread(0) }

    /// Processors of the system that run.
    package static var onlineCount: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }

    /// Words from 1,024 processors on, up to more than any system has.
    private static let wordCounts = [16, 64, 256, 1024, 4096]

    private static func ofThread(_ thread: Int32) -> ProcessorSet {
        for count in wordCounts {
            var words = [UInt64](repeating: 0, count: count)
            let status = chwloc_affinity(thread, &words, UInt(count))
            if status == 0 { return ProcessorSet(words: words) }
            guard status == EINVAL else { break }
        }
        return ProcessorSet([])
    }

    /// Lets the calling thread, and those that it starts from now on, run on these processors alone.
    ///
    /// - Returns: the reason of the system against it; nil where it was done.
    package func bindThread() -> String? {
        let words = words
        let status = chwloc_set_affinity(words, UInt(words.count))
        return status == 0 ? nil : String(cString: strerror(status))
    }
}

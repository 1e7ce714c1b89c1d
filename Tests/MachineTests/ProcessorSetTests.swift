import Foundation
import Machine
import Testing

@Suite struct ProcessorSetTests {
    @Test(arguments: [
        ([], ""), ([0], "0"), ([5, 3, 4], "3-5"), ([0, 1, 3, 64, 65, 200], "0-1,3,64-65,200"),
        (Array(0..<1500), "0-1499"),
    ])
    func numbersAreWrittenAsTheSystemDoes(numbers: [Int], text: String) {
        let set = ProcessorSet(numbers)
        #expect(set.description == text)
        #expect(ProcessorSet(words: set.words) == set)
        #expect(set.numbers == numbers.sorted())
    }

    @Test func unionHasEachOnce() {
        let union = ProcessorSet([1, 5]).union(ProcessorSet([5, 0]))
        #expect(union.numbers == [0, 1, 5] && union.count == 3)
        #expect(union.contains(5) && !union.contains(4))
    }

    @Test func inheritedOnesAreThoseOfTheSystem() throws {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        let line = try #require(
            status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
        #expect(line.split(separator: "\t").last == "\(ProcessorSet.inherited)")
    }

    @Test func aThreadIsBoundToWhatItIsToldTo() async {
        let all = ProcessorSet.inherited
        let bound = await onThreadOfItsOwn {
            all.numbers.map { number in
                let reason = ProcessorSet([number]).bindThread()
                return reason ?? "\(ProcessorSet.ofCallingThread)"
            }
        }
        #expect(bound == all.numbers.map(String.init))
        #expect(ProcessorSet.inherited == all, "it is what was granted at the start")
    }

    /// Processors that no system has.
    @Test func theReasonAgainstItIsTold() async {
        let (before, reason, after) = await onThreadOfItsOwn {
            (
                ProcessorSet.ofCallingThread, ProcessorSet([60_000]).bindThread(),
                ProcessorSet.ofCallingThread
            )
        }
        #expect(reason == "Invalid argument")
        #expect(before == after)
    }

    private func onThreadOfItsOwn<Value: Sendable>(
        _ body: @escaping @Sendable () -> Value
    ) async -> Value {
        await withCheckedContinuation { continuation in
            Thread { continuation.resume(returning: body()) }.start()
        }
    }
}

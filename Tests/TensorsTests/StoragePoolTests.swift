import Tensors
import Testing

@Suite struct StoragePoolTests {
    /// More than any process can map.
    @Test func memoryThatRunsOutIsALineAndExit1() async {
        let result = await #expect(
            processExitsWith: .exitCode(1), observing: [\.standardErrorContent]
        ) {
            _ = Device(threadCount: 1).uninitialized([1 << 50])
        }
        let line = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(line.hasPrefix("swift-llm-train: memory ran out: expected "), "\(line)")
        #expect(line.split(separator: "\n").count == 1, "\(line)")
    }

    private let device = Device(threadCount: 1)

    @Test(arguments: [0, 1, 127, 128, 129, 1000, 5000, 524_288, 524_289])
    func blocksAreAlignedToCacheLinesAndLargeOnesToHugePages(_ count: Int) {
        let tensors = (0..<3).map { _ in device.uninitialized([count]) }
        let alignment: UInt = count * 4 >= 2 << 20 ? 2 << 20 : 64
        for tensor in tensors { #expect(UInt(bitPattern: tensor.pointer) % alignment == 0) }
        #expect(Set(tensors.map(\.pointer)).count == 3)
    }

    @Test func aBlockThatIsGivenBackIsUsedAgain() {
        let address = { device.uninitialized([1000]).pointer }()
        let size = device.memory.allocatedBytes
        #expect(device.uninitialized([1000]).pointer == address)
        #expect(device.memory.allocatedBytes == size)
    }

    @Test func aBlockInUseIsNotGivenTwice() {
        let first = device.uninitialized([1000])
        let view = first.slice(10..<20)
        func dropAllButTheView(_ tensor: consuming Tensor<Float>) {}
        dropAllButTheView(first)
        let second = device.uninitialized([1000])
        device.fill(view, with: 1)
        device.fill(second, with: 2)
        #expect(view.array.allSatisfy { $0 == 1 })
    }

    /// At most an eighth is lost; sizes within a class share their blocks.
    @Test(arguments: [200, 1000, 1024, 1025, 4097, 100_000, 1_000_003])
    func capacityIsAtMostOneEighthAboveTheSize(_ count: Int) {
        let device = Device(threadCount: 1)
        _ = device.uninitialized([count])
        let capacity = device.memory.allocatedBytes
        #expect(capacity >= 4 * count && capacity % 64 == 0)
        #expect(Double(capacity) <= 4 * Double(count) * 1.125 + 64)
        _ = device.uninitialized([capacity / 4])
        #expect(device.memory.allocatedBytes == capacity)
        _ = device.uninitialized([capacity / 4 + 1])
        #expect(device.memory.allocatedBytes > capacity)
    }

    /// Steps of a hundred lengths, each with tensors of its own sizes.
    @Test func stepsOfOtherLengthsDoNotAddUp() {
        let device = Device(threadCount: 1)
        func step(_ length: Int) -> Int {
            let tensors = (1...20).map { device.uninitialized([length, 1024 * $0]) }
            return tensors.map(\.count).reduce(0, +) * MemoryLayout<Float>.stride
        }
        let lengths = (0..<100).map { 8 + 37 * $0 % 101 }
        let most = lengths.map(step).max() ?? 0
        #expect(device.memory.allocatedBytes >= most)
        // An eighth is lost to rounding.
        #expect(device.memory.allocatedBytes <= most * 9 / 8 * 3 / 2)
        let known = device.memory.allocatedBytes
        for _ in 0..<3 { _ = step(108) }
        let settled = device.memory.allocatedBytes
        for _ in 0..<3 { _ = step(108) }
        #expect(device.memory.allocatedBytes == settled && settled <= max(known, most * 27 / 16))
    }
}

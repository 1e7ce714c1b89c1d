import CKernels
import Tensors
import Testing

/// Rows of keys and values, in fewer bits too, against the floats that they stand for.
@Suite struct CachedRowsTests {
    private static let rounded = [Int32(CACHED_BF16), Int32(CACHED_Q8)]
    private static let kinds = [Int32(CACHED_FLOAT)] + rounded

    /// Sizes of heads around vectors of 16, blocks of 32 and groups of four vectors.
    private static let sizes = [1, 8, 15, 16, 17, 24, 32, 40, 63, 64, 80, 96, 128, 200, 256]

    private func encoded(_ x: Tensor<Float>, _ kind: Int32) -> [UInt8] {
        let (count, size) = (x.shape[0], x.shape[1])
        let rowSize = kernel_cached_row_bytes(kind, size)
        // What lies there before has no effect.
        var rows = [UInt8](repeating: 0xAA, count: count * rowSize)
        rows.withUnsafeMutableBufferPointer { rows in
            guard let start = rows.baseAddress else { return }
            for row in 0..<count {
                kernel_cached_encode(
                    kind, start + row * rowSize, x.pointer + row * size, size)
            }
        }
        return rows
    }

    private func decoded(_ rows: [UInt8], _ kind: Int32, count: Int, size: Int) -> [Float] {
        var floats = [Float](repeating: .nan, count: count * size)
        if kind == Int32(CACHED_FLOAT) {
            _ = floats.withUnsafeMutableBytes { rows.copyBytes(to: $0) }
        } else {
            withRows(rows, kind, count: count, size: size) { kernel_cached_decode(&floats, $0) }
        }
        return floats
    }

    private func withRows(
        _ bytes: [UInt8], _ kind: Int32, count: Int, size: Int, _ body: (cached_rows) -> Void
    ) {
        bytes.withUnsafeBufferPointer {
            body(cached_rows(kind: kind, start: $0.baseAddress, count: count, size: size))
        }
    }

    private func random(_ shape: [Int], stream: Int, _ device: Device) -> Tensor<Float> {
        let tensor = device.zeros(shape)
        device.fillNormal(tensor, deviation: 1, stream: stream, seed: 9)
        return tensor
    }

    /// Counts around the eight rows whose products are folded together, and around the four queries that
    /// meet a row at once.
    @Test(arguments: kinds, sizes)
    func productsHaveTheBitsOfThoseWithFloats(kind: Int32, size: Int) {
        let device = Device(threadCount: 1).byRow
        for count in [1, 2, 7, 8, 9, 50] {
            let rows = encoded(random([count, size], stream: 1, device), kind)
            let floats = device.tensor(
                decoded(rows, kind, count: count, size: size), shape: [count, size])
            check(floats, device) { body in
                withRows(rows, kind, count: count, size: size, body)
            }
        }
    }

    private func check(
        _ floats: Tensor<Float>, _ device: Device, with body: ((cached_rows) -> Void) -> Void
    ) {
        let (count, size) = (floats.shape[0], floats.shape[1])
        for queryCount in [1, 2, 3, 4, 5, 7, 9] {
            let queries = random([queryCount, size], stream: 2, device)
            let shares = random([queryCount, count], stream: 3, device)
            let (dots, sums) = (
                device.zeros([queryCount, count]), device.zeros([queryCount, size])
            )
            device.multiply(queries.matrix, floats.matrix.transposed, into: dots.matrix)
            for query in 0..<queryCount {
                kernel_row_product(
                    sums.pointer + query * size, shares.pointer + query * count, floats.pointer,
                    count, size, size, 0)
            }
            var ownDots = dots.array.map { _ in Float.nan }
            var ownSums = sums.array.map { _ in Float.nan }
            body {
                kernel_cached_dots(&ownDots, count, queries.pointer, size, queryCount, $0)
                // As threads share the columns.
                for first in stride(from: 0, to: size, by: 48) {
                    kernel_cached_sums(
                        &ownSums, size, shares.pointer, count, queryCount, $0, first,
                        min(first + 48, size))
                }
            }
            #expect(ownDots.map(\.bitPattern) == dots.array.map(\.bitPattern), "\(count) rows")
            #expect(ownSums.map(\.bitPattern) == sums.array.map(\.bitPattern), "\(count) rows")
        }
    }

    @Test(arguments: sizes)
    func bfloat16IsTheNearest(size: Int) {
        let device = Device(threadCount: 1)
        let x = random([5, size], stream: 1, device)
        let near = decoded(encoded(x, Int32(CACHED_BF16)), Int32(CACHED_BF16), count: 5, size: size)
        #expect(near == x.array.map { BFloat16($0).float })
    }

    /// Half a step of the block's scale, which is the largest magnitude / 127, rounded up to 8 bits.
    @Test(arguments: sizes, [1e-30, 1, 1e30] as [Float])
    func integersAreHalfAStepAwayAtMost(size: Int, factor: Float) {
        let device = Device(threadCount: 1)
        let x = device.tensor(
            random([3, size], stream: 1, device).array.map { $0 * factor }, shape: [3, size])
        let near = decoded(encoded(x, Int32(CACHED_Q8)), Int32(CACHED_Q8), count: 3, size: size)
        for row in 0..<3 {
            for block in stride(from: 0, to: size, by: 32) {
                let places = row * size + block..<row * size + min(block + 32, size)
                let largest = places.map { abs(x.array[$0]) }.max() ?? 0
                let step = largest / 127 * (1 + 1 / 128)
                for place in places {
                    #expect(abs(near[place] - x.array[place]) <= 0.501 * step)
                }
            }
        }
    }

    @Test func whatIsNotFiniteStaysSo() {
        let device = Device(threadCount: 1)
        for (kind, value) in Self.kinds.flatMap({ kind in
            [Float.nan, .infinity, -.infinity].map { (kind, $0) }
        }) {
            var numbers = [Float](repeating: 1, count: 70)
            numbers[40] = value
            let x = device.tensor(numbers, shape: [1, 70])
            let near = decoded(encoded(x, kind), kind, count: 1, size: 70)
            #expect(!near[40].isFinite)
            // Another block is not touched.
            #expect(near[..<32].allSatisfy { abs($0 - 1) < 0.01 })
            #expect(near[64...].allSatisfy { abs($0 - 1) < 0.01 })
        }
    }

    @Test func zerosAndTheLeastNumbersAreZero() {
        let device = Device(threadCount: 1)
        let least = Float.leastNonzeroMagnitude
        let x = device.tensor([0, -0.0, least, -least, 1e-38], shape: [1, 5])
        let near = decoded(encoded(x, Int32(CACHED_Q8)), Int32(CACHED_Q8), count: 1, size: 5)
        #expect(near == [0, 0, 0, 0, 0])
    }

    @Test func theLargestNumberIsKept() {
        let device = Device(threadCount: 1)
        let most = Float.greatestFiniteMagnitude
        let x = device.tensor([most, -most, 0], shape: [1, 3])
        let near = decoded(encoded(x, Int32(CACHED_Q8)), Int32(CACHED_Q8), count: 1, size: 3)
        #expect(zip(near, x.array).allSatisfy { abs($0 - $1) <= most / 100 })
    }
}

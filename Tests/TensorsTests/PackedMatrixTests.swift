import Tensors
import Testing

@Suite struct PackedMatrixTests {
    private let device = Device(threadCount: 2)

    /// One block and many, in stretches and without, around chunks of columns. Rows in memory are a
    /// multiple of 64.
    @Test(
        arguments: [(64, 64), (1, 64), (5, 128), (128, 320), (576, 192), (320, 1088)],
        [false, true])
    func productsOfARowAreThoseOfTheMatrixBitForBit(shape: (Int, Int), isTransposed: Bool) throws {
        let (depth, columns) = isTransposed ? (shape.1, shape.0) : shape
        let w = random([depth, columns], stream: 1)
        let matrix = Matrix(
            w.pointer, rows: depth, columns: columns, isTransposed: isTransposed)
        try expectSameProducts(matrix, as: Float.self)
        try expectSameProducts(matrix, as: BFloat16.self)
    }

    /// Zeros of both signs, the smallest and the largest floats, infinities, and exponents as far apart
    /// as a block holds them, and farther.
    @Test(
        arguments: [
            ([0, -0], 0), ([1, -1], 0), ([.leastNonzeroMagnitude, -.leastNormalMagnitude, 0], 0),
            ([.greatestFiniteMagnitude, -.infinity, 1e38], 0), ([1, -0x1.fffffep-15], 0),
            ([1, 0x1.fffffep-16], 1), ([0, 1], 1), ([-0x1p127, 0x1p-126], 1),
        ] as [([Float], Int)])
    func everyWeightIsKept(values: [Float], escaped: Int) throws {
        let row = (0..<64).map { values[$0 % values.count] }
        // A second block, so that an escaped one pays.
        let w = device.tensor(row + Array(repeating: 1, count: 15 * 64), shape: [1, 16 * 64])
        let packed = try #require(PackedMatrix(w.matrix, as: Float.self, on: device))
        #expect(packed.escapedCount == escaped)
        let out = device.uninitialized([1, w.count])
        device.multiply(
            device.tensor([1], shape: [1, 1]).matrix, w.matrix, packed: packed, into: out.matrix)
        #expect(out.array == w.array)
    }

    /// Weights spread over so many exponents that every tenth block stands aside.
    @Test(arguments: [false, true])
    func escapedBlocksAreMultipliedLikeTheOthers(isTransposed: Bool) throws {
        let w = random([640, 640], stream: 2)
        for index in stride(from: 0, to: w.count, by: 637) { w.buffer[index] *= 0x1p-20 }
        let matrix = Matrix(w.pointer, rows: 640, columns: 640, isTransposed: isTransposed)
        let packed = try expectSameProducts(matrix, as: Float.self)
        #expect(packed.escapedCount > 500)
        try expectSameProducts(matrix, as: BFloat16.self)
    }

    @Test func whatWouldBeNoSmallerIsNotPacked() {
        let spread = device.tensor(
            (0..<64 * 64).map { $0 % 2 == 0 ? 1 : 1e-9 } as [Float], shape: [64, 64])
        #expect(PackedMatrix(spread.matrix, as: Float.self, on: device) == nil)
        #expect(PackedMatrix(spread.matrix, as: BFloat16.self, on: device) == nil)
        let narrow = random([64, 65], stream: 3)
        #expect(PackedMatrix(narrow.matrix, as: Float.self, on: device) == nil)
        let tall = random([65, 64], stream: 4)
        #expect(PackedMatrix(tall.matrix, as: Float.self, on: device) != nil)
        #expect(PackedMatrix(tall.matrix.transposed, as: Float.self, on: device) != nil)
    }

    /// 225 of 256 bytes and 97 of 128, and a little for blocks that stand aside.
    @Test func normalWeightsTakeSevenEighthsAndThreeQuarters() throws {
        let w = random([1024, 1024], stream: 5)
        let floats = try #require(PackedMatrix(w.matrix, as: Float.self, on: device))
        let halves = try #require(PackedMatrix(w.matrix, as: BFloat16.self, on: device))
        #expect((0.879..<0.885).contains(Double(floats.byteCount) / Double(4 << 20)))
        #expect((0.758..<0.770).contains(Double(halves.byteCount) / Double(2 << 20)))
    }

    /// Products of other shapes read the matrix.
    @Test func severalRowsDoNotReadThePackedWeights() throws {
        let (x, w) = (random([2, 64], stream: 6), random([64, 64], stream: 7))
        let other = try #require(
            PackedMatrix(random([64, 64], stream: 8).matrix, as: Float.self, on: device))
        let (out, expected) = (device.uninitialized([2, 64]), device.uninitialized([2, 64]))
        device.multiply(x.matrix, w.matrix, packed: other, into: out.matrix)
        device.multiply(x.matrix, w.matrix, into: expected.matrix)
        #expect(out.array == expected.array)
    }

    @discardableResult
    private func expectSameProducts<Element: ComputeElement>(
        _ matrix: Matrix<Float>, as element: Element.Type
    ) throws -> PackedMatrix {
        let packed = try #require(PackedMatrix(matrix, as: Element.self, on: device))
        let x = Element.narrowed(random([1, matrix.rows], stream: 9), on: device)
        let count = matrix.rows * matrix.columns
        let rounded = Element.narrowed(
            Tensor(over: UnsafeMutableBufferPointer(start: matrix.pointer, count: count)),
            on: device)
        let stored = Matrix(
            rounded.pointer, rows: matrix.rows, columns: matrix.columns,
            isTransposed: matrix.isTransposed)
        let (out, expected) = (
            device.uninitialized([1, matrix.columns]), device.uninitialized([1, matrix.columns])
        )
        device.multiply(x.matrix, stored, packed: packed, into: out.matrix)
        device.multiply(x.matrix, stored, into: expected.matrix)
        #expect(out.array.map(\.bitPattern) == expected.array.map(\.bitPattern))
        return packed
    }

    private func random(_ shape: [Int], stream: Int) -> Tensor<Float> {
        let tensor = device.uninitialized(shape)
        device.fillNormal(tensor, deviation: 0.3, stream: stream, seed: 5)
        return tensor
    }
}

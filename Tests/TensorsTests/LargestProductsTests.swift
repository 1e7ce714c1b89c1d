import Tensors
import Testing

@Suite struct LargestProductsTests {
    private let device = Device(threadCount: 2)
    private static let columns = 2000

    @Test(arguments: [1, 2, 7, 31, 40], [64, 320])
    func theLargestAreExactAndNoneIsMissed(count: Int, depth: Int) throws {
        let (x, w) = (random([1, depth], stream: 1), random([Self.columns, depth], stream: 2))
        let kept = try expectLargest(x, w, count, among: Self.columns)
        // What need not be read is not read, as long as there are more chunks of 64 than wanted ones.
        #expect(count > 31 ? kept == Self.columns : kept < Self.columns / 4)
    }

    /// Columns that differ by less than what estimates leave out: their order is not that of products.
    /// So do those whose squares are too small for a float.
    @Test(arguments: 10..<20, [(1, 1), (1, 1e-25), (1e-25, 1), (1e-12, 1e-24)] as [(Float, Float)])
    func columnsThatHardlyDifferAreAllCompared(seed: Int, scales: (Float, Float)) throws {
        let (x, noise) = (
            random([1, 128], stream: seed), random([Self.columns, 128], stream: seed + 100)
        )
        let w = device.uninitialized([Self.columns, 128])
        for index in 0..<w.count {
            w.buffer[index] = x.buffer[index % 128] * (1 + noise.buffer[index] * 0x1p-8)
            w.buffer[index] *= scales.1
        }
        for index in 0..<x.count { x.buffer[index] *= scales.0 }
        let kept = try expectLargest(x, w, 1, among: Self.columns)
        #expect(kept > 100)
    }

    /// Lengths of columns and of rows over many orders of magnitude, and rows of one large number.
    @Test(arguments: [1e-30, 1e-3, 1e4] as [Float])
    func boundsHoldForAllLengths(scale: Float) throws {
        let (x, w) = (random([1, 128], stream: 3), random([Self.columns, 128], stream: 4))
        for index in 0..<w.count {
            w.buffer[index] *= scale * Float(1 + index / 128 % 1000)
        }
        try expectLargest(x, w, 5, among: Self.columns)
        x.buffer[77] = 1e6
        try expectLargest(x, w, 5, among: Self.columns)
        for index in 0..<x.count { x.buffer[index] = 0 }
        try expectLargest(x, w, 5, among: Self.columns)
    }

    @Test func columnsBehindTheCandidatesDoNotCount() throws {
        let (x, w) = (random([1, 64], stream: 5), random([Self.columns, 64], stream: 6))
        // The largest of all, were they candidates.
        for index in 1500 * 64..<w.count { w.buffer[index] = 10 * x.buffer[index % 64] }
        let kept = try expectLargest(x, w, 1, among: 1500)
        #expect(kept > 0)
    }

    @Test(arguments: [Float.nan, .infinity])
    func whatIsNoNumberIsNotLost(value: Float) throws {
        let (x, w) = (random([1, 64], stream: 7), random([Self.columns, 64], stream: 8))
        w.buffer[64 * 1234] = value
        try expectLargest(x, w, 1, among: Self.columns)
        x.buffer[5] = value
        let packed = try #require(pack(w))
        let wanted = LargestWanted(1, among: Self.columns)
        #expect(device.largestProducts(x, packed, wanted: wanted).array.contains { !$0.isFinite })
    }

    @Test func onlyFloatsOfATransposedMatrixHaveEstimates() throws {
        let w = random([128, 64], stream: 9)
        let transposed = w.matrix.transposed
        func hasEstimates<Element: ComputeElement>(
            _ matrix: Matrix<Float>, _ element: Element.Type, _ forEstimates: Bool
        ) -> Bool? {
            PackedMatrix(matrix, as: element, forEstimates: forEstimates, on: device)?.hasEstimates
        }
        #expect(hasEstimates(transposed, Float.self, true) == true)
        #expect(hasEstimates(transposed, Float.self, false) == false)
        #expect(hasEstimates(transposed, BFloat16.self, true) == false)
        #expect(hasEstimates(w.matrix, Float.self, true) == false)
    }

    private func pack(_ w: Tensor<Float>) -> PackedMatrix? {
        PackedMatrix(w.matrix.transposed, as: Float.self, forEstimates: true, on: device)
    }

    /// - Returns: the number of products that were given.
    @discardableResult
    private func expectLargest(
        _ x: Tensor<Float>, _ w: Tensor<Float>, _ count: Int, among candidateCount: Int
    ) throws -> Int {
        let packed = try #require(pack(w))
        let exact = device.uninitialized([1, w.rowCount])
        device.multiply(x.matrix, w.matrix.transposed, into: exact.matrix)
        let wanted = LargestWanted(count, among: candidateCount)
        let found = device.largestProducts(x, packed, wanted: wanted).array
        let candidates = exact.array.prefix(candidateCount)
        let least = candidates.filter { !$0.isNaN }.sorted(by: >)[count - 1]
        for (column, product) in exact.array.enumerated() {
            let isWanted = column < candidateCount && !(product < least)
            let isSame = found[column].bitPattern == product.bitPattern
            #expect(isSame || !isWanted && found[column] == -.infinity, "column \(column)")
        }
        return found.count { $0 != -.infinity }
    }

    private func random(_ shape: [Int], stream: Int) -> Tensor<Float> {
        let tensor = device.uninitialized(shape)
        device.fillNormal(tensor, deviation: 0.3, stream: stream, seed: 5)
        return tensor
    }
}

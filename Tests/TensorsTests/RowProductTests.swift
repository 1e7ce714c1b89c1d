import Tensors
import Testing

/// A single row times a matrix, which has kernels of its own.
@Suite struct RowProductTests {
    /// Rounding of float32 over the longest sum here.
    static let tolerance = 2e-5

    /// Depths around streams of 4 and stretches, columns around vectors of 16 and tiles.
    @Test(
        arguments: [1, 3, 4, 5, 50, 129, 1021], [1, 3, 4, 15, 16, 17, 33, 400, 1030])
    func rowTimesMatrixIsItsSumInAllForms(depth: Int, columns: Int) {
        let device = Device(threadCount: 2)
        let x = random([depth], stream: 1, device)
        let w = random([depth, columns], stream: 2, device)
        let before = random([columns], stream: 3, device)
        for (isTransposed, adds) in [(false, false), (false, true), (true, false), (true, true)] {
            let out = device.tensor(before.array, shape: [columns])
            let row = Matrix(x.pointer, rows: 1, columns: depth)
            let matrix = Matrix(
                w.pointer, rows: depth, columns: columns, isTransposed: isTransposed)
            device.multiply(
                row, matrix, into: Matrix(out.pointer, rows: 1, columns: columns), adds: adds)
            for c in 0..<columns {
                var sum = adds ? Double(before.buffer[c]) : 0
                for r in 0..<depth {
                    let index = isTransposed ? c * depth + r : r * columns + c
                    sum += Double(x.buffer[r]) * Double(w.buffer[index])
                }
                let error = abs(Double(out.buffer[c]) - sum)
                #expect(error < Self.tolerance, "column \(c), transposed \(isTransposed)")
            }
        }
    }

    /// Results that stand among others, which stay what they are.
    @Test(arguments: [false, true])
    func matrixMayBeAPartOfAWiderOne(isTransposed: Bool) {
        let device = Device(threadCount: 1)
        let w = device.tensor((0..<60).map(Float.init), shape: [6, 10])
        let x = device.tensor([1, 10, 100] as [Float], shape: [3])
        let out = device.tensor([Float](repeating: -1, count: 4), shape: [4])
        let matrix = Matrix(
            w.pointer + 2, rows: 3, columns: 2, stride: 10, isTransposed: isTransposed)
        device.multiply(
            Matrix(x.pointer, rows: 1, columns: 3), matrix,
            into: Matrix(out.pointer + 1, rows: 1, columns: 2))
        let expected: [Float] = isTransposed ? [432, 1542] : [2322, 2433]
        #expect(out.array == [-1] + expected + [-1])
    }

    /// Weights of bfloat16 are those numbers; sums are floats.
    @Test(arguments: [false, true])
    func bfloat16GivesTheProductOfTheRoundedNumbers(isTransposed: Bool) {
        let device = Device(threadCount: 2)
        let (depth, columns) = (523, 517)
        let x = BFloat16.narrowed(random([depth], stream: 1, device), on: device)
        let w = BFloat16.narrowed(random([depth, columns], stream: 2, device), on: device)
        let floats = device.uninitialized([1, columns])
        let out = device.uninitialized([1, columns])
        func multiply<Element: ComputeElement>(
            _ x: Tensor<Element>, _ w: Tensor<Element>, into out: Tensor<Float>
        ) {
            device.multiply(
                Matrix(x.pointer, rows: 1, columns: depth),
                Matrix(w.pointer, rows: depth, columns: columns, isTransposed: isTransposed),
                into: out.matrix)
        }
        multiply(x, w, into: out)
        multiply(BFloat16.widened(x, on: device), BFloat16.widened(w, on: device), into: floats)
        #expect(out.array == floats.array)
    }

    @Test(arguments: [false, true])
    func bitsDoNotDependOnTheThreads(isTransposed: Bool) {
        let results = [1, 2, 3, 5].map { threadCount in
            let device = Device(threadCount: threadCount)
            let x = random([1, 700], stream: 1, device)
            let w = random([700, 900], stream: 2, device)
            let out = device.uninitialized([1, 900])
            let matrix = Matrix(w.pointer, rows: 700, columns: 900, isTransposed: isTransposed)
            device.multiply(x.matrix, matrix, into: out.matrix)
            return out.array.map(\.bitPattern)
        }
        #expect(Set(results).count == 1)
    }

    private func random(_ shape: [Int], stream: Int, _ device: Device) -> Tensor<Float> {
        let tensor = device.uninitialized(shape)
        device.fillNormal(tensor, deviation: 0.3, stream: stream, seed: 5)
        return tensor
    }
}

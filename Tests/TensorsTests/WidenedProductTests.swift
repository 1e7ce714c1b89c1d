import Tensors
import Testing

/// Products of bfloat16 by the multiplication of floats.
@Suite struct WidenedProductTests {
    private static let kernels = ProductKernels.Library.allCases.map {
        ProductKernels(floats: $0, widensBFloat16: true)
    }

    struct Shape: Sendable, CustomTestStringConvertible {
        var rows: Int, depth: Int, columns: Int
        var testDescription: String { "\(rows) x \(depth) x \(columns)" }
    }

    /// Whole and broken tiles, squares of the transposition, stretches of the depth and panels; small and
    /// narrow ones, which are not widened.
    private static let shapes = [
        Shape(rows: 2, depth: 3, columns: 5), Shape(rows: 48, depth: 1, columns: 48),
        Shape(rows: 50, depth: 17, columns: 49), Shape(rows: 64, depth: 64, columns: 64),
        Shape(rows: 130, depth: 100, columns: 300), Shape(rows: 8, depth: 128, columns: 512),
        Shape(rows: 512, depth: 8, columns: 8), Shape(rows: 300, depth: 768, columns: 200),
        Shape(rows: 64, depth: 9000, columns: 80), Shape(rows: 64, depth: 520, columns: 9000),
    ]

    /// Small whole numbers: their sums are exact in any order, so that every bit must be the same.
    @Test(arguments: kernels, shapes)
    func widenedProductIsTheFloatProductOfTheWidenedNumbers(
        _ kernels: ProductKernels, _ shape: Shape
    ) {
        let device = Device(threadCount: 2, products: kernels)
        for (transposesA, transposesB) in [
            (false, false), (true, false), (false, true), (true, true),
        ] {
            let a = wholeNumbers(shape.rows * shape.depth, seed: 3, device)
            let b = wholeNumbers(shape.depth * shape.columns, seed: 5, device)
            func product<In: ComputeElement, Out: ComputeElement>(
                _ a: Tensor<In>, _ b: Tensor<In>, adds: Bool, as: Out.Type
            ) -> [Float] {
                let out = device.uninitialized([shape.rows, shape.columns], of: Out.self)
                device.fill(out, with: 8)
                device.multiply(
                    Matrix(
                        a.pointer, rows: shape.rows, columns: shape.depth,
                        isTransposed: transposesA),
                    Matrix(
                        b.pointer, rows: shape.depth, columns: shape.columns,
                        isTransposed: transposesB),
                    into: out.matrix, adds: adds)
                return withExtendedLifetime(out) { Out.widened(out, on: device).array }
            }
            let (wideA, wideB) = (
                BFloat16.widened(a, on: device), BFloat16.widened(b, on: device)
            )
            for adds in [false, true] {
                let expected = product(wideA, wideB, adds: adds, as: Float.self)
                #expect(product(a, b, adds: adds, as: Float.self) == expected)
                let rounded = expected.map { BFloat16($0).float }
                #expect(product(a, b, adds: adds, as: BFloat16.self) == rounded)
            }
        }
    }

    /// Gradients of logits stay floats beside weights and inputs of bfloat16.
    @Test(arguments: kernels, shapes)
    func floatsBesideBFloat16AreMultipliedWhereTheyStand(
        _ kernels: ProductKernels, _ shape: Shape
    ) {
        let device = Device(threadCount: 2, products: kernels)
        let a = wholeNumbers(shape.rows * shape.depth, seed: 3, device)
        let b = wholeNumbers(shape.depth * shape.columns, seed: 5, device)
        let (wideA, wideB) = (BFloat16.widened(a, on: device), BFloat16.widened(b, on: device))
        for isTransposed in [false, true] {
            func product<Left: ComputeElement, Right: ComputeElement>(
                _ a: Tensor<Left>, _ b: Tensor<Right>, adds: Bool
            ) -> [Float] {
                let out = device.uninitialized([shape.rows, shape.columns])
                device.fill(out, with: 8)
                device.multiply(
                    Matrix(
                        a.pointer, rows: shape.rows, columns: shape.depth,
                        isTransposed: isTransposed),
                    Matrix(b.pointer, rows: shape.depth, columns: shape.columns),
                    into: out.matrix, adds: adds)
                return withExtendedLifetime((a, b)) { out.array }
            }
            for adds in [false, true] {
                let expected = product(wideA, wideB, adds: adds)
                #expect(product(wideA, b, adds: adds) == expected)
                #expect(product(a, wideB, adds: adds) == expected)
            }
        }
    }

    /// Parts of larger matrices, as attention takes them.
    @Test(arguments: kernels)
    func widenedProductLeavesWhatStandsBeside(_ kernels: ProductKernels) {
        let device = Device(threadCount: 3, products: kernels)
        let (rows, depth, columns, stride) = (100, 70, 90, 128)
        let a = wholeNumbers(rows * stride, seed: 7, device)
        let b = wholeNumbers(columns * stride, seed: 9, device)
        let out = device.uninitialized([rows, stride], of: BFloat16.self)
        device.fill(out, with: 3)
        device.multiply(
            Matrix(a.pointer, rows: rows, columns: depth, stride: stride),
            Matrix(b.pointer, rows: depth, columns: columns, stride: stride, isTransposed: true),
            into: Matrix(out.pointer, rows: rows, columns: columns, stride: stride))
        let (x, y, values) = (a.array, b.array, out.array)
        for row in 0..<rows {
            for column in 0..<stride {
                let sum = (0..<depth).reduce(Float(0)) {
                    $0 + x[row * stride + $1].float * y[column % columns * stride + $1].float
                }
                let expected = column < columns ? BFloat16(sum).float : 3
                #expect(values[row * stride + column].float == expected)
            }
        }
    }

    /// Random numbers, of which the order of a sum decides the last bits.
    @Test(arguments: kernels, shapes)
    func widenedBitsDoNotDependOnTheThreads(_ kernels: ProductKernels, _ shape: Shape) {
        func product(threadCount: Int) -> ([Float], [BFloat16]) {
            let device = Device(threadCount: threadCount, products: kernels)
            let a = random([shape.rows, shape.depth], seed: 1, device)
            let b = random([shape.columns, shape.depth], seed: 2, device)
            let wide = device.uninitialized([shape.rows, shape.columns])
            let narrow = device.uninitialized([shape.rows, shape.columns], of: BFloat16.self)
            device.multiply(a.matrix, b.matrix.transposed, into: wide.matrix)
            device.multiply(a.matrix, b.matrix.transposed, into: narrow.matrix)
            return (wide.array, narrow.array)
        }
        let one = product(threadCount: 1)
        for threadCount in [2, 3, 5] {
            let (wide, narrow) = product(threadCount: threadCount)
            #expect(wide == one.0 && narrow == one.1)
        }
    }

    @Test(arguments: kernels)
    func epilogueMeetsEveryElementOnce(_ kernels: ProductKernels) {
        let device = Device(threadCount: 2, products: kernels)
        let (rows, depth, columns) = (200, 5000, 330)
        let a = wholeNumbers(rows * depth, seed: 1, device)
        let b = wholeNumbers(depth * columns, seed: 2, device)
        let out = device.uninitialized([rows, columns])
        let counts = device.zeros([rows, columns])
        device.multiply(
            Matrix(a.pointer, rows: rows, columns: depth),
            Matrix(b.pointer, rows: depth, columns: columns), into: out.matrix
        ) { tile in
            for row in tile.rows {
                for column in tile.columns { counts.pointer[row * columns + column] += 1 }
            }
        }
        #expect(counts.array.allSatisfy { $0 == 1 })
    }

    private func wholeNumbers(_ count: Int, seed: UInt64, _ device: Device) -> Tensor<BFloat16> {
        var state = seed
        let numbers = (0..<count).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return BFloat16(Float(Int(state >> 60) - 8))
        }
        return device.tensor(numbers, shape: [count])
    }

    private func random(_ shape: [Int], seed: UInt64, _ device: Device) -> Tensor<BFloat16> {
        let wide = device.uninitialized(shape)
        device.fillNormal(wide, deviation: 1, stream: 0, seed: seed)
        return BFloat16.narrowed(wide, on: device)
    }
}

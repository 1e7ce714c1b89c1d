import Tensors

/// Products of a single row, as decoding has them, with matrices that no cache holds: plain, packed,
/// and, of the output layer, where only the likeliest token is wanted.
enum RowCases {
    private static let (depth, columns) = (3072, 4096)
    private static let (width, tokens) = (768, 16_384)

    static func all(_ arrays: Arrays, _ device: Device) -> [KernelCase] {
        let matrix = Matrix(arrays.b.pointer, rows: depth, columns: columns)
        let output = Matrix(arrays.b.pointer, rows: tokens, columns: width).transposed
        let narrow = Matrix(arrays.narrowB.pointer, rows: depth, columns: columns)
        return [
            product("row, fp32", arrays.a, matrix, arrays.c, device),
            product("row, bf16", arrays.narrowA, narrow, arrays.c, device),
            product("row of logits, fp32", arrays.a, output, arrays.c, device),
        ]
            + packed("row, fp32 packed", arrays.a, matrix, matrix, arrays.c, device)
            + packed("row, bf16 packed", arrays.narrowA, matrix, narrow, arrays.c, device)
            + packed("row of logits, fp32 packed", arrays.a, output, output, arrays.c, device)
            + likeliest(arrays, output, device)
    }

    private static func product<Element: ComputeElement>(
        _ name: String, _ x: Tensor<Element>, _ w: Matrix<Element>, _ y: Tensor<Float>,
        _ device: Device
    ) -> KernelCase {
        let bytes = w.rows * w.columns * MemoryLayout<Element>.stride
        return KernelCase(name, w.rows * w.columns, bytes: bytes) {
            device.multiply(
                Matrix(x.pointer, rows: 1, columns: w.rows), w,
                into: Matrix(y.pointer, rows: 1, columns: w.columns))
        }
    }

    private static func packed<Element: ComputeElement>(
        _ name: String, _ x: Tensor<Element>, _ weights: Matrix<Float>, _ w: Matrix<Element>,
        _ y: Tensor<Float>, _ device: Device
    ) -> [KernelCase] {
        guard let packed = PackedMatrix(weights, as: Element.self, on: device) else { return [] }
        return [
            KernelCase(name, w.rows * w.columns, bytes: packed.byteCount) {
                device.multiply(
                    Matrix(x.pointer, rows: 1, columns: w.rows), w, packed: packed,
                    into: Matrix(y.pointer, rows: 1, columns: w.columns))
            }
        ]
    }

    private static func likeliest(
        _ arrays: Arrays, _ output: Matrix<Float>, _ device: Device
    ) -> [KernelCase] {
        let weights = PackedMatrix(output, as: Float.self, forEstimates: true, on: device)
        guard let weights else { return [] }
        let x = arrays.a.view(from: 0, shape: [1, width])
        let wanted = LargestWanted(1, among: tokens)
        let bytes = weights.readByteCount
        return [
            KernelCase("the likeliest of a row of logits", width * tokens, bytes: bytes) {
                _ = device.largestProducts(x, weights, wanted: wanted)
            }
        ]
    }
}

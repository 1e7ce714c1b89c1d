import CDNN
import COpenBLAS
import Diagnostics

/// One tile of a product: a single call to a library, on the calling thread.
struct ProductTile<In: ComputeElement, Out: ComputeElement> {
    private let a: UnsafeMutablePointer<In>
    private let b: UnsafeMutablePointer<In>
    private let out: UnsafeMutablePointer<Out>
    private var product = cdnn_product()

    init(_ tile: Tile, _ a: Matrix<In>, _ b: Matrix<In>, into out: Matrix<Out>, adds: Bool) {
        self.a = a.rows(from: tile.rows.lowerBound)
        self.b = b.columns(from: tile.columns.lowerBound)
        self.out = out.start(of: tile)
        product.rows = tile.rows.count
        product.columns = tile.columns.count
        product.depth = a.columns
        product.a_stride = a.stride
        product.b_stride = b.stride
        product.out_stride = out.stride
        product.a_transposed = a.isTransposed ? 1 : 0
        product.b_transposed = b.isTransposed ? 1 : 0
        product.in = Self.type(of: In.self)
        product.out = Self.type(of: Out.self)
        product.adds = adds ? 1 : 0
    }

    private static func type<Element: ComputeElement>(of: Element.Type) -> cdnn_type {
        Element.self == Float.self ? CDNN_FLOAT : CDNN_BFLOAT16
    }

    /// dnnl_out_of_memory.
    private static var outOfMemory: Int32 { 1 }

    fileprivate static func check(_ status: Int32, _ product: cdnn_product) {
        guard status == outOfMemory else {
            precondition(status == 0, "oneDNN failed with status \(status) on \(product)")
            return
        }
        Failure(
            "memory ran out in a matrix product", expected: "room for oneDNN's buffers",
            got: "none",
            remedy: FailureText(
                "lower \(key: "train.micro_batch_size"), or raise the limit (ulimit -v)")
        ).endProcess()
    }

    /// - Precondition: oneDNN knows products of these elements on this processor.
    func multiplyByOneDNN() {
        var product = product
        let status = cdnn_multiply(&product, a, b, out)
        Self.check(status, product)
    }
}

extension ProductTile where In == Float, Out == Float {
    /// Multiplications from which on the classic interface of oneDNN is the faster one.
    private static var leastWorkOfClassic: Int { 1 << 23 }

    func multiplyByOneDNN() {
        var product = product
        let isLarge = product.rows * product.columns * product.depth >= Self.leastWorkOfClassic
        let status =
            isLarge
            ? cdnn_multiply_floats(&product, a, b, out) : cdnn_multiply(&product, a, b, out)
        Self.check(status, product)
    }

    func multiplyByOpenBLAS() {
        cblas_sgemm(
            CblasRowMajor, product.a_transposed == 0 ? CblasNoTrans : CblasTrans,
            product.b_transposed == 0 ? CblasNoTrans : CblasTrans, Int32(product.rows),
            Int32(product.columns), Int32(product.depth), 1, a, Int32(product.a_stride), b,
            Int32(product.b_stride), product.adds == 0 ? 0 : 1, out, Int32(product.out_stride))
    }
}

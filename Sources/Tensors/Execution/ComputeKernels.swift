import CDNN
import CKernels
import COpenBLAS

/// The kernels with which this process computes. The bits of a result depend on them, so all ranks
/// of a run must have the same.
package struct ComputeKernels: Equatable, Sendable {
    /// OpenBLAS's name of its kernels ("SkylakeX", "Haswell").
    package let blasCore: String
    /// oneDNN's name of the instructions that it uses ("AVX512_CORE_BF16").
    package let oneDNNInstructionSet: String
    /// The clone of our own kernels ("x86-64-v4").
    package let instructionSet: String
    /// The way in which matrices are multiplied.
    package var products: ProductKernels

    /// The kernels in use. From here on OpenBLAS keeps to the calling thread: its own threading changes
    /// bits with the thread count.
    package static func prepare(_ products: ProductKernels = .usual) -> ComputeKernels {
        openblas_set_num_threads(1)
        return ComputeKernels(
            blasCore: String(cString: openblas_get_corename()),
            oneDNNInstructionSet: String(cString: cdnn_instruction_set()),
            instructionSet: String(cString: kernel_instruction_set()), products: products)
    }

    /// The kernels with which this process can compute.
    package var possible: [ComputeKernels] {
        ProductKernels.possible.map { products in
            var kernels = self
            kernels.products = products
            return kernels
        }
    }

    static let usualLibrary =
        cdnn_has_avx512() != 0 || cdnn_has_avx2() != 0 && !openBLASHasAVX2
        ? ProductKernels.Library.oneDNN : .openBLAS

    private static var openBLASHasAVX2: Bool {
        ["Haswell", "Zen", "SkylakeX", "Cooperlake", "Sapphirerapids"]
            .contains(String(cString: openblas_get_corename()))
    }

    /// Whether the processor, and oneDNN, multiply bfloat16 by instructions made for it.
    package static let hasBFloat16 = cdnn_has_bfloat16() != 0

    /// The names and versions of what decides the bits: equal kernels have equal descriptions, and
    /// others another.
    package var description: String {
        let core = products.floats == .oneDNN ? oneDNN : openBLAS
        let widening = products.widensBFloat16 ? ", bf16 computed as fp32" : ""
        // Widened or not: small products of bfloat16 are computed as they are.
        let other = products.floats == .openBLAS && Self.hasBFloat16 ? ", \(oneDNN)" : ""
        return "\(core)\(other)\(widening)\(products.cutsFinely ? ", fine tiles" : "")"
            + "\(products.isByRow ? ", row by row" : ""), \(own)"
    }

    /// The names and versions of all with which this process could compute.
    package var libraries: String { "\(oneDNN), \(openBLAS), \(own)" }

    private var oneDNN: String { "oneDNN \(Self.oneDNNVersion) \(oneDNNInstructionSet)" }
    private var openBLAS: String { "OpenBLAS \(Self.blasVersion) \(blasCore)" }
    private var own: String {
        "kernels \(Self.generation) \(instructionSet) (\(String(cString: kernel_compiler())))"
    }

    /// Counts the changes of our own kernels, of tiles and of the orders of sums that change bits.
    private static let generation = 4
}

extension ComputeKernels {
    /// The version of the OpenBLAS that is linked, as in "0.3.21".
    package static var blasVersion: String {
        let words = String(cString: openblas_get_config()).split(separator: " ")
        return words.dropFirst().first.map(String.init) ?? "unknown"
    }

    /// The version of the oneDNN that is linked, as in "2.6.3".
    package static var oneDNNVersion: String {
        var version: (major: Int32, minor: Int32, patch: Int32) = (0, 0, 0)
        cdnn_version(&version.major, &version.minor, &version.patch)
        return "\(version.major).\(version.minor).\(version.patch)"
    }
}

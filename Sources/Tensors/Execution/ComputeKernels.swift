import CDNN
import CKernels
import COpenBLAS

/// Which kernels this process computes with. The bits of a result depend on them, so all ranks of a run
/// must have the same.
package struct ComputeKernels: Equatable, Sendable {
    /// OpenBLAS's name of its kernels ("SkylakeX", "Haswell").
    package let blasCore: String
    /// oneDNN's name of the instructions that it uses ("AVX512_CORE_BF16").
    package let oneDNNInstructionSet: String
    /// The clone of our own kernels ("x86-64-v4").
    package let instructionSet: String

    /// The kernels in use. From here on OpenBLAS keeps to the calling thread: its own threading changes
    /// bits with the thread count.
    package static func prepare() -> ComputeKernels {
        openblas_set_num_threads(1)
        return ComputeKernels(
            blasCore: String(cString: openblas_get_corename()),
            oneDNNInstructionSet: String(cString: cdnn_instruction_set()),
            instructionSet: String(cString: kernel_instruction_set()))
    }

    /// Who multiplies matrices of floats.
    package enum Library: Sendable {
        case oneDNN, openBLAS
    }

    /// With AVX-512, oneDNN is 5 to 10 % faster; with AVX2 it knows processors that are younger than
    /// OpenBLAS, which then picks kernels without.
    package static let library =
        cdnn_has_avx512() != 0 || cdnn_has_avx2() != 0 && !openBLASHasAVX2
        ? Library.oneDNN : .openBLAS

    private static var openBLASHasAVX2: Bool {
        ["Haswell", "Zen", "SkylakeX", "Cooperlake", "Sapphirerapids"]
            .contains(String(cString: openblas_get_corename()))
    }

    /// Whether the processor, and oneDNN, multiply bfloat16 by instructions made for it.
    package static let hasBFloat16 = cdnn_has_bfloat16() != 0

    package var description: String {
        let products =
            Self.library == .oneDNN ? "oneDNN \(oneDNNInstructionSet)" : "OpenBLAS \(blasCore)"
        return "\(products), kernels \(instructionSet)"
    }
}

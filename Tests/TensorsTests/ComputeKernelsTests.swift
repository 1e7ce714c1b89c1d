import CKernels
import Tensors
import Testing

@Suite struct ComputeKernelsTests {
    private func kernels(_ products: ProductKernels) -> ComputeKernels { .prepare(products) }

    @Test func descriptionNamesTheVersionOfWhatMultiplies() {
        let oneDNN = kernels(ProductKernels(floats: .oneDNN)).description
        let openBLAS = kernels(ProductKernels(floats: .openBLAS)).description
        let versions = (
            "oneDNN \(ComputeKernels.oneDNNVersion) ", "OpenBLAS \(ComputeKernels.blasVersion) "
        )
        #expect(oneDNN.hasPrefix(versions.0) && !oneDNN.contains("OpenBLAS"))
        #expect(openBLAS.hasPrefix(versions.1))
        #expect(
            openBLAS.contains(versions.0) == ComputeKernels.hasBFloat16,
            "which multiplies bf16 beside it")
        let all = kernels(.usual).libraries
        #expect(all.contains(versions.0) && all.contains(versions.1))
    }

    @Test func descriptionNamesTheCompilerOfOurKernels() {
        #expect(kernels(.usual).description.contains(/, kernels [0-9]+ .* \((clang|gcc) [0-9]+/))
        #expect(kernels(.usual).libraries.contains(/, kernels [0-9]+ .* \((clang|gcc) [0-9]+/))
    }

    @Test func otherWaysHaveOtherDescriptions() {
        let all = ProductKernels.known.map { kernels($0).description }
        #expect(Set(all).count == all.count)
    }

    /// Bits must not depend on which thread computes what, nor the time of a step on sharp attention.
    @Test func everyThreadFlushesSubnormals() {
        var flags = [Int32](repeating: 0, count: 200)
        flags.withUnsafeMutableBufferPointer { flags in
            ThreadPool(threadCount: 3).forEach(200) { flags[$0] = kernel_flushes_subnormals() }
        }
        #expect(flags.allSatisfy { $0 == 1 })
        #expect(kernel_flushes_subnormals() == 1)
    }
}

import CMPI
import Diagnostics

/// Throws unless `status`, the answer of the MPI call named `call`, is success.
func check(_ status: Int32, of call: String) throws {
    guard status != 0 else { return }
    let cause = withUnsafeTemporaryAllocation(of: CChar.self, capacity: 512) { text in
        guard let address = text.baseAddress else { return "" }
        cmpi_describe(status, address, text.count)
        return String(cString: address)
    }
    throw Failure("MPI failed", got: cause, at: call)
}

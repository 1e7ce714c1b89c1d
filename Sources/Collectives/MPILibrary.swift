import CMPI
import Diagnostics

/// The MPI that the program is linked to; known without starting it.
package struct MPILibrary: Equatable, Sendable {
    /// "Open MPI", "MPICH", "Intel(R) MPI Library"...
    package let flavour: String
    /// The version of the library, such as "4.1.4"; empty where the library does not give it.
    package let version: String
    /// The version of the standard that it follows: "3.1".
    package let standard: String

    /// The library with its version, as in "MPICH 4.0.2".
    package var name: String { version.isEmpty ? flavour : "\(flavour) \(version)" }

    /// The program that starts ranks which find each other through this library.
    package var launcher: String {
        switch flavour {
        case "Open MPI": "mpirun of Open MPI (on Debian: mpirun.openmpi)"
        case "MPICH": "mpiexec of MPICH (on Debian: mpiexec.mpich)"
        default: "mpiexec of \(flavour)"
        }
    }

    package static func current() throws -> MPILibrary {
        var (major, minor) = (Int32(0), Int32(0))
        let text = try withUnsafeTemporaryAllocation(of: CChar.self, capacity: 8192) { text in
            guard let address = text.baseAddress else { return "" }
            let status = cmpi_library_version(address, text.count, &major, &minor)
            try check(status, of: "MPI_Get_library_version")
            return String(cString: address)
        }
        return MPILibrary(describing: text, standard: "\(major).\(minor)")
    }

    /// Reads what MPI_Get_library_version returns: the name comes first, then a number with points.
    package init(describing text: String, standard: String) {
        let words = text.split { $0.isWhitespace || $0 == "," || $0 == ":" }
        let isNumber = { (word: Substring) in
            let digits = word.hasPrefix("v") ? word.dropFirst() : word
            return digits.first?.isNumber == true && digits.contains(".")
        }
        let name = words.prefix { !isNumber($0) && $0 != "Version" }
        flavour = name.joined(separator: " ")
        let number = words.first(where: isNumber) ?? ""
        version = String(number.hasPrefix("v") ? number.dropFirst() : number)
        self.standard = standard
    }
}

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

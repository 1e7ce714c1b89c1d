import Foundation

/// The machine on which this process runs.
package enum LocalMachine {
    /// Whether `host` names this machine, by its own name or by one of its addresses, as mpirun
    /// sees it.
    package static func bears(_ host: String) -> Bool {
        let name = ProcessInfo.processInfo.hostName
        if host == "localhost" || host == name || host == name.prefix(while: { $0 != "." }) {
            return true
        }
        return addresses(of: host).contains { isOwn($0) }
    }

    private static func addresses(of host: String) -> [Data] {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_DGRAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, nil, &hints, &list) == 0 else { return [] }
        defer { freeaddrinfo(list) }
        return sequence(first: list) { $0?.pointee.ai_next }.prefix { $0 != nil }.compactMap {
            guard let entry = $0?.pointee, let address = entry.ai_addr else { return nil }
            return Data(bytes: address, count: Int(entry.ai_addrlen))
        }
    }

    /// A socket can be bound to the addresses of this machine alone.
    private static func isOwn(_ address: Data) -> Bool {
        address.withUnsafeBytes { bytes in
            guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self) else {
                return false
            }
            let descriptor = socket(
                Int32(pointer.pointee.sa_family), Int32(SOCK_DGRAM.rawValue), 0)
            guard descriptor >= 0 else { return false }
            defer { close(descriptor) }
            return bind(descriptor, pointer, socklen_t(bytes.count)) == 0
        }
    }
}

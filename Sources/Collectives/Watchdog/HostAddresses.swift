import Glibc

/// The IPv4 addresses of this host by which other hosts may reach it.
enum HostAddresses {
    /// The addresses of the interfaces that are up, without loopback.
    ///
    /// - Parameter interfaces: where not empty, of these alone.
    static func own(interfaces: [String]) -> [UInt32] {
        var list: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&list) == 0 else { return [] }
        defer { freeifaddrs(list) }
        var addresses: [UInt32] = []
        var next = list
        while let entry = next?.pointee {
            next = entry.ifa_next
            guard interfaces.isEmpty || interfaces.contains(String(cString: entry.ifa_name)),
                entry.ifa_flags & UInt32(IFF_UP) != 0,
                entry.ifa_flags & UInt32(IFF_LOOPBACK) == 0
            else { continue }
            if let address = address(of: entry) { addresses.append(address) }
        }
        return addresses
    }

    private static func address(of entry: ifaddrs) -> UInt32? {
        guard let address = entry.ifa_addr, Int32(address.pointee.sa_family) == AF_INET
        else { return nil }
        return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
            $0.pointee.sin_addr.s_addr
        }
    }

    /// The interfaces to which the user has confined Open MPI; empty where they are not named.
    static func interfaces(environment: [String: String]) -> [String] {
        let value = environment["OMPI_MCA_btl_tcp_if_include"] ?? ""
        let names = value.split(separator: ",").map(String.init)
        return names.contains { $0.contains("/") } ? [] : names
    }
}

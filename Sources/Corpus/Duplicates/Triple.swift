/// Three numbers that are sorted and sent to other ranks; what they mean is the matter of each pass.
package struct Triple: Comparable, BitwiseCopyable {
    package var a: UInt64
    package var b: UInt64
    package var c: UInt64

    package init(_ a: UInt64, _ b: UInt64 = 0, _ c: UInt64 = 0) {
        (self.a, self.b, self.c) = (a, b, c)
    }

    @inline(__always)
    package static func < (left: Triple, right: Triple) -> Bool {
        if left.a != right.a { return left.a < right.a }
        return left.b != right.b ? left.b < right.b : left.c < right.c
    }
}

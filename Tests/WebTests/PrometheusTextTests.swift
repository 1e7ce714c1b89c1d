import Testing
import Web

@Suite struct PrometheusTextTests {
    @Test func figuresStandInTheFormatOfPrometheus() {
        var text = PrometheusText()
        text.add("a_total", .counter, "Counts.", 3)
        text.add("b", .gauge, "A share.", [([("name", "x\"\\\n")], 0.5), ([], .nan)])
        #expect(
            String(decoding: text.bytes, as: UTF8.self) == """
                # HELP a_total Counts.
                # TYPE a_total counter
                a_total 3
                # HELP b A share.
                # TYPE b gauge
                b{name="x\\"\\\\\\n"} 0.5
                b NaN

                """)
    }
}

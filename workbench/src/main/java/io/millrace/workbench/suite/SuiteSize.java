package io.millrace.workbench.suite;

/**
 * How many processes of each service a suite has. The first of several keeps the service's plain name ({@code gateway}), the others count
 * on ({@code gateway-1} …); brokers are named after their ids.
 *
 * @param brokers their ids are 0 and up in a new suite, and those that have data in another, see {@link BrokerIds}
 */
public record SuiteSize(int brokers, int coordinators, int gateways, int offsets) {
    public static final int MAX_BROKERS = 16;
    /** Of each other service. */
    public static final int MAX_OTHERS = 5;

    public SuiteSize {
        require("--brokers", brokers, MAX_BROKERS);
        require("--coordinators", coordinators, MAX_OTHERS);
        require("--gateways", gateways, MAX_OTHERS);
        require("--offsets", offsets, MAX_OTHERS);
    }

    /** Some brokers and one of each other service. */
    public static SuiteSize ofBrokers(int brokers) {
        return new SuiteSize(brokers, 1, 1, 1);
    }

    /** The name of the n-th process of a service that is not a broker. */
    public static String name(String service, int index) {
        return index == 0 ? service : service + "-" + index;
    }

    private static void require(String option, int count, int most) {
        if (count < 1 || count > most) {
            throw new LaunchRefusedException(option + " " + count + " is not between 1 and " + most);
        }
    }
}

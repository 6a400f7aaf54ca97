/** What the Dockerfile, docker-compose.yml and k8s/ say, compared with what the services read. */
@NullMarked
package io.millrace.workbench.deploy;

import org.jspecify.annotations.NullMarked;

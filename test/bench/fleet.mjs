// The workload report of a fleet of the simulator, as the JSON text that ScaleOps would send.

import { createSimulator } from '../../dist/simulator/simulator.js';

/** @param {number} workloads @returns {Promise<string>} */
export async function fetchFleet(workloads) {
  const simulator = createSimulator({ workloads, token: 'bench', now: () => Date.UTC(2026, 0, 31) });
  const url = await simulator.listen();
  const response = await fetch(`${url}/detailedCostReport/getWorkloads?multiCluster=true`, {
    method: 'POST',
    headers: { authorization: 'Bearer bench', 'content-type': 'application/json', 'accept-encoding': 'identity' },
    body: '{}',
  });
  const text = await response.text();
  await simulator.close();
  return text;
}
